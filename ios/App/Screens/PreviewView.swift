import ManyhandsKit
import SwiftUI

/// S2: nobody else sees it.
struct PreviewView: View {
    @Environment(AppModel.self) private var app
    let capture: CameraCapture

    var body: some View {
        let preview = app.broadcast.preview
        ZStack {
            Color.black.ignoresSafeArea()
            FilmedPicture(capture: capture)
            VStack(spacing: Style.gap) {
                HStack {
                    IconButton(icon: "xmark", spoken: app.words(.closePreview)) { app.home() }
                    Spacer()
                }
                Spacer()
                if let camera = preview.camera { Pill { Text(verbatim: camera) } }
                ScrollView { facts(preview) }.frame(maxHeight: 320)
                go(preview)
            }
            .padding(Style.margin)
        }
        .modifier(Held())
        .preferredColorScheme(.dark)
    }

    private func facts(_ preview: PreviewScreen) -> some View {
        VStack(alignment: .leading, spacing: Style.gap) {
            Pill { Text(verbatim: preview.reassurance) }
            VStack(alignment: .leading, spacing: Style.gap) {
                TextField(app.words(.title), text: title)
                    .frame(minHeight: Style.target)
                    .accessibilityHint(Text(verbatim: app.words(.titleHint)))
                Text(verbatim: "\(app.words(.who)): \(app.words(.anyoneWithLink))").font(.subheadline)
                Label {
                    Text(verbatim: preview.cost).font(.subheadline)
                } icon: {
                    Image(systemName: preview.costs ? "exclamationmark.triangle" : "arrow.up.circle")
                }
                .foregroundStyle(preview.costs ? Style.fair : .white)
                Text(verbatim: preview.checkText).font(.footnote)
                whenLeft(preview)
            }
            .padding(Style.margin)
            .foregroundStyle(.white)
            .background(Style.overPicture, in: RoundedRectangle(cornerRadius: Style.corner))
            FilmControls()
        }
    }

    /// In sight, however much has to be scrolled above it.
    private func go(_ preview: PreviewScreen) -> some View {
        VStack(alignment: .leading, spacing: Style.gap) {
            if let hint = preview.hint { Pill { Text(verbatim: hint) } }
            MainButton(
                title: preview.goLive, icon: "record.circle", colour: Style.live, onColour: .white
            ) { app.broadcast.send(.goLive) }
            .disabled(!preview.canGoLive)
            .opacity(preview.canGoLive ? 1 : 0.6)
            if preview.isGoingLive {
                SecondButton(title: app.words(.cancel)) { app.broadcast.send(.cancel) }
            }
        }
    }

    private func whenLeft(_ preview: PreviewScreen) -> some View {
        Toggle(isOn: Binding(get: { preview.pausesWhenLeft }, set: { app.pauseWhenLeft($0) })) {
            VStack(alignment: .leading) {
                Text(verbatim: app.words(.whenLeft)).font(.subheadline)
                Text(verbatim: preview.whenLeftText).font(.footnote)
            }
        }
        .frame(minHeight: Style.main)
        .tint(Style.accent)
    }

    private var title: Binding<String> {
        Binding(get: { app.broadcast.title }, set: { app.typed(title: $0) })
    }
}
