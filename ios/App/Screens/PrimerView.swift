import ManyhandsKit
import SwiftUI
import UIKit

/// S10: one button that leads to the system's question, or what to do when it was refused.
struct PrimerView: View {
    @Environment(AppModel.self) private var app
    @Environment(\.openURL) private var openURL

    var body: some View {
        ScrollView {
            VStack(spacing: 24) {
                HStack {
                    Button {
                        app.home()
                    } label: {
                        Image(systemName: "chevron.backward").frame(width: Style.target, height: Style.target)
                    }
                    .accessibilityLabel(Text(verbatim: app.words(.back)))
                    Spacer()
                }
                if let primer = app.primer {
                    Image(systemName: "camera").font(.largeTitle).foregroundStyle(Style.accent)
                        .accessibilityHidden(true)
                    Text(verbatim: primer.notice.title).font(.title.bold()).accessibilityAddTraits(.isHeader)
                    Text(verbatim: primer.notice.text).font(.body).multilineTextAlignment(.center)
                    ForEach(primer.notice.actions, id: \.rawValue) { action in
                        if action == primer.notice.actions.first {
                            MainButton(title: app.words(action.word)) { act(action, primer) }
                        } else {
                            SecondButton(title: app.words(action.word)) { act(action, primer) }
                        }
                    }
                }
            }
            .padding(Style.margin)
            .frame(maxWidth: Style.widestText)
        }
        .frame(maxWidth: .infinity)
        .background(Style.background)
        .foregroundStyle(Style.text)
    }

    private func act(_ action: Notice.Action, _ primer: PrimerModel) {
        switch action {
        case .proceed: Task { await primer.proceed() }
        case .openSettings:
            if let settings = URL(string: UIApplication.openSettingsURLString) { openURL(settings) }
        case .soundOnly, .pictureOnly: Task { await primer.goOnWithout() }
        default: app.home()
        }
    }
}
