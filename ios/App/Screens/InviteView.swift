import ManyhandsKit
import SwiftUI
import UIKit

/// S4: the open link.
struct InviteView: View {
    @Environment(AppModel.self) private var app
    @State private var copied = false

    var body: some View {
        ScrollView {
            VStack(spacing: Style.margin) {
                Text(verbatim: app.words(.invite)).font(.title2.bold()).accessibilityAddTraits(.isHeader)
                if let invite = app.invite {
                    CodePicture(code: invite.code)
                        .frame(width: 240, height: 240)
                        .accessibilityElement(children: .ignore)
                        .accessibilityLabel(Text(verbatim: app.words(.codeSpoken)))
                    Text(verbatim: invite.explanation).font(.body)
                    ShareLink(item: invite.shareText) {
                        Text(verbatim: app.words(.shareLink)).font(.headline)
                            .frame(maxWidth: .infinity, minHeight: Style.main)
                            .foregroundStyle(Style.onAccent)
                            .background(Style.accent, in: RoundedRectangle(cornerRadius: Style.corner))
                    }
                    SecondButton(title: app.words(copied ? .linkCopied : .copy)) {
                        UIPasteboard.general.string = invite.link
                        copied = true
                    }
                    if let advice = invite.advice { Text(verbatim: advice).font(.footnote) }
                }
                SecondButton(title: app.words(.done)) { app.show(nil) }
            }
            .padding(Style.margin)
            .frame(maxWidth: Style.widestText)
        }
        .background(Style.surface)
        .foregroundStyle(Style.text)
    }
}
