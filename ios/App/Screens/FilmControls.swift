import ManyhandsKit
import SwiftUI

/// Microphone, camera, flip, light and zoom: the same in the preview and live.
struct FilmControls: View {
    @Environment(AppModel.self) private var app
    /// Two taps bring it twice as near, and about.
    private static let zoomStep = 1.5

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
            if app.broadcast.machine.zoomMost > 1 {
                IconButton(icon: "minus.magnifyingglass", spoken: app.words(.zoomOut)) {
                    app.broadcast.send(.zoom(by: 1 / Self.zoomStep))
                }
                .disabled(wishes.zoom <= 1)
                IconButton(icon: "plus.magnifyingglass", spoken: app.words(.zoomIn)) {
                    app.broadcast.send(.zoom(by: Self.zoomStep))
                }
                .disabled(wishes.zoom >= app.broadcast.machine.zoomMost)
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
