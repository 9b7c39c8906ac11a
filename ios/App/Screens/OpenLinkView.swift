import ManyhandsKit
import SwiftUI
import UIKit

/// S9: a code, or a link that is pasted or typed.
struct OpenLinkView: View {
    @Environment(AppModel.self) private var app
    @State private var scans = SystemQuestions.mayScan

    var body: some View {
        ScrollView {
            VStack(alignment: .leading, spacing: Style.margin) {
                HStack {
                    IconButton(icon: "xmark", spoken: app.words(.close)) { app.home() }
                    Spacer()
                }
                if scans {
                    CodeCamera { code in if app.openLink.scanned(code) { app.open(app.openLink.text) } }
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
    }

    private var text: Binding<String> {
        Binding(get: { app.openLink.text }, set: { app.typed(link: $0) })
    }
}
