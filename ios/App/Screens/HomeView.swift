import ManyhandsKit
import SwiftUI

/// S1.
struct HomeView: View {
    @Environment(AppModel.self) private var app

    var body: some View {
        let home = app.homeScreen
        NavigationStack {
            ScrollView {
                VStack(alignment: .leading, spacing: Style.margin) {
                    if let live = home.live {
                        Text(verbatim: live).font(.headline).foregroundStyle(Style.live)
                    }
                    if let notice = home.interrupted { NoticeCard(notice: notice, act: act) }
                    MainButton(
                        title: app.words(.goLive), icon: "record.circle", colour: Style.live, onColour: .white
                    ) { app.goLive() }
                    MainButton(title: app.words(.watch), icon: "play.fill") { app.openALink() }
                    SecondButton(title: app.words(.myLink)) { app.show(.invite) }
                    HandRow(
                        isOn: home.handIsOn, state: home.handText,
                        spoken: "\(app.words(.hand)), \(home.handText)"
                    ) { app.lend($0) }
                }
                .padding(Style.margin)
                .frame(maxWidth: Style.widestText)
            }
            .frame(maxWidth: .infinity)
            .background(Style.background)
            .foregroundStyle(Style.text)
            .navigationTitle(Text(verbatim: "Manyhands"))
        }
    }

    private func act(_ action: Notice.Action) {
        if action == .goLiveAgain { app.goLive() } else { app.dismissCutOff() }
    }
}
