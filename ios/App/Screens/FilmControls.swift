import ManyhandsKit
import SwiftUI

/// Microphone, camera, flip and light: the same in the preview and live.
struct FilmControls: View {
    @Environment(AppModel.self) private var app

    var body: some View {
        let wishes = app.broadcast.machine.wishes
        HStack(spacing: Style.gap) {
            IconButton(
                icon: wishes.microphone ? "mic.fill" : "mic.slash",
                spoken: app.words(wishes.microphone ? .microphoneOn : .microphoneOff)
            ) { app.broadcast.send(.microphone(!wishes.microphone)) }
            IconButton(
                icon: wishes.camera ? "video.fill" : "video.slash",
                spoken: app.words(wishes.camera ? .cameraOn : .cameraOff)
            ) { app.broadcast.send(.camera(!wishes.camera)) }
            IconButton(
                icon: "arrow.triangle.2.circlepath.camera",
                spoken: app.words(wishes.front ? .toBack : .toFront)
            ) { app.broadcast.send(.front(!wishes.front)) }
            if !wishes.front {
                IconButton(
                    icon: wishes.torch ? "flashlight.on.fill" : "flashlight.off.fill",
                    spoken: app.words(wishes.torch ? .lightOn : .lightOff)
                ) { app.broadcast.send(.torch(!wishes.torch)) }
            }
        }
    }
}

/// Tells the broadcast how the phone is held.
struct Held: ViewModifier {
    @Environment(AppModel.self) private var app

    func body(content: Content) -> some View {
        content.background {
            GeometryReader { shape in
                Color.clear.onChange(of: shape.size.height >= shape.size.width, initial: true) { _, upright in
                    app.broadcast.send(.film(.turned(upright: upright)))
                }
            }
        }
    }
}
