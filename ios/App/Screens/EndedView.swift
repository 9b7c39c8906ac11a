import ManyhandsKit
import SwiftUI

/// S5.
struct EndedView: View {
    @Environment(AppModel.self) private var app

    var body: some View {
        ScrollView {
            VStack(alignment: .leading, spacing: Style.margin) {
                if let ended = app.broadcast.ended {
                    Text(verbatim: ended.heading).font(.title.bold()).accessibilityAddTraits(.isHeader)
                    Text(verbatim: ended.length).font(.headline)
                    Text(verbatim: ended.people).font(.body)
                    if let data = ended.data { Text(verbatim: data).font(.body) }
                    if let good = ended.good { Text(verbatim: good).font(.body) }
                    Text(verbatim: app.words(.noRecording)).font(.body)
                    Text(verbatim: ended.reassurance).font(.body)
                }
                MainButton(title: app.words(.done)) { app.home() }
                SecondButton(title: app.words(.goLiveAgain)) { app.goLive() }
            }
            .padding(Style.margin)
            .frame(maxWidth: Style.widestText, alignment: .leading)
        }
        .frame(maxWidth: .infinity)
        .background(Style.background)
        .foregroundStyle(Style.text)
    }
}
