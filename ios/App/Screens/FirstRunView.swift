import ManyhandsKit
import SwiftUI

/// S15: once, before Home.
struct FirstRunView: View {
    @Environment(AppModel.self) private var app

    var body: some View {
        ScrollView {
            VStack(alignment: .leading, spacing: 24) {
                Image(systemName: "hand.raised.fill").font(.largeTitle).foregroundStyle(Style.accent)
                    .accessibilityHidden(true)
                Text(verbatim: app.words(.firstRunTitle)).font(.title.bold())
                    .accessibilityAddTraits(.isHeader)
                ForEach([Word.firstRunAccount, .firstRunPass, .firstRunTakeBack], id: \.rawValue) { line in
                    Label {
                        Text(verbatim: app.words(line)).font(.body)
                    } icon: {
                        Image(systemName: "checkmark").foregroundStyle(Style.accent)
                    }
                }
                MainButton(title: app.words(.agree)) { app.agree() }
            }
            .padding(Style.margin)
            .frame(maxWidth: Style.widestText, alignment: .leading)
        }
        .background(Style.background)
        .foregroundStyle(Style.text)
    }
}
