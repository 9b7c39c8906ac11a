import ManyhandsKit
import PhotosUI
import SwiftUI
import UIKit

/// S9: a code, or a link that is pasted or typed.
struct OpenLinkView: View {
    @Environment(AppModel.self) private var app
    @State private var scans = SystemQuestions.mayScan
    @State private var chosen: PhotosPickerItem?

    var body: some View {
        ScrollView {
            VStack(alignment: .leading, spacing: Style.margin) {
                HStack {
                    IconButton(icon: "xmark", spoken: app.words(.close)) { app.home() }
                    Spacer()
                }
                if scans {
                    CodeCamera { take($0) }
                        .frame(minHeight: 240)
                        .accessibilityLabel(Text(verbatim: app.words(.codeFrame)))
                    Text(verbatim: app.words(.pointAtCode)).font(.body)
                } else {
                    Text(verbatim: app.words(.canAlsoPaste)).font(.body)
                    SecondButton(title: app.words(.useCamera)) { app.scan() }
                }
                PasteButton(payloadType: String.self) { texts in
                    Task { @MainActor in app.typed(link: texts.first ?? "") }
                }
                .frame(minHeight: Style.main)
                TextField(app.words(.typeHere), text: text)
                    .autocorrectionDisabled()
                    .textInputAutocapitalization(.never)
                    .frame(minHeight: Style.target)
                PhotosPicker(selection: $chosen, matching: .images) {
                    Text(verbatim: app.words(.choosePicture)).font(.headline).frame(minHeight: Style.main)
                }
                if let notice = app.openLink.notice { NoticeCard(notice: notice) { _ in } }
                MainButton(title: app.words(.watch), icon: "play.fill") { app.open(app.openLink.text) }
                    .disabled(!app.openLink.canWatch)
                    .opacity(app.openLink.canWatch ? 1 : 0.6)
            }
            .padding(Style.margin)
            .frame(maxWidth: Style.widestText)
        }
        .frame(maxWidth: .infinity)
        .background(Style.background)
        .foregroundStyle(Style.text)
        .preferredColorScheme(.dark)
        .task(id: chosen) { await look(at: chosen) }
    }

    /// The system hands over the one picture that was chosen, and asks nothing for it.
    private func look(at item: PhotosPickerItem?) async {
        guard let item else { return }
        let picture = try? await item.loadTransferable(type: Data.self)
        let reading = Task.detached { picture.flatMap { CodeInPicture.read($0) } }
        take(await reading.value ?? "")
    }

    private func take(_ code: String) {
        if app.openLink.scanned(code) { app.open(app.openLink.text) }
    }

    private var text: Binding<String> {
        Binding(get: { app.openLink.text }, set: { app.typed(link: $0) })
    }
}
