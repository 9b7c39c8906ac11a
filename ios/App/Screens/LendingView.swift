import ManyhandsKit
import SwiftUI
import UIKit

/// S8.
struct LendingView: View {
    @Environment(AppModel.self) private var app
    @Environment(\.openURL) private var openURL
    @State private var explains = false

    var body: some View {
        let choice = app.settings.lending
        ScrollView {
            VStack(alignment: .leading, spacing: Style.margin) {
                Text(verbatim: app.words(.hand)).font(.title2.bold()).accessibilityAddTraits(.isHeader)
                Text(verbatim: app.words(.handSentence)).font(.body)
                row(.onWifi, Binding(get: { choice.onWifi }, set: { on in change { $0.onWifi = on } }))
                Picker(selection: day) {
                    ForEach(LendingChoice.wifiDays, id: \.self) { Text(verbatim: limit($0)).tag($0) }
                } label: {
                    Text(verbatim: app.words(.limit))
                }
                .frame(minHeight: Style.target)
                row(.onMobile, Binding(get: { choice.onMobile }, set: { on in change { $0.onMobile = on } }))
                Picker(selection: mobileDay) {
                    ForEach(LendingChoice.mobileDays, id: \.self) { Text(verbatim: limit($0)).tag($0) }
                } label: {
                    Text(verbatim: app.words(.limit))
                }
                .frame(minHeight: Style.target)
                if let isHome = app.isHome { home(isHome) }
                if let lending = app.watch?.lending { figures(lending) }
                if !choice.agreed {
                    Text(verbatim: app.words(.houseRulesByWatching)).font(.footnote)
                    MainButton(title: app.words(.ok)) {
                        change { $0.agreed = true }
                        app.show(nil)
                    }
                } else {
                    SecondButton(title: app.words(.done)) { app.show(nil) }
                }
                DisclosureGroup(isExpanded: $explains) {
                    Text(verbatim: app.words(.howItWorksText)).font(.body)
                } label: {
                    Text(verbatim: app.words(.howItWorks)).font(.body).frame(minHeight: Style.target)
                }
            }
            .padding(Style.margin)
            .frame(maxWidth: Style.widestText, alignment: .leading)
        }
        .background(Style.surface)
        .foregroundStyle(Style.text)
        .tint(Style.accent)
    }

    private func row(_ word: Word, _ isOn: Binding<Bool>) -> some View {
        Toggle(isOn: isOn) { Text(verbatim: app.words(word)).font(.body) }.frame(minHeight: Style.main)
    }

    /// Others are looked for nearby only where the person says so.
    @ViewBuilder private func home(_ isHome: Bool) -> some View {
        row(.homeNetwork, Binding(get: { isHome }, set: { app.callHome($0) }))
        Text(verbatim: app.words(.homeNetworkText)).font(.footnote).foregroundStyle(Style.text2)
        if let notice = app.watch?.nearbyNotice {
            NoticeCard(notice: notice) { _ in
                if let settings = URL(string: UIApplication.openSettingsURLString) { openURL(settings) }
            }
        }
    }

    private func figures(_ lending: LendingScreen) -> some View {
        VStack(alignment: .leading, spacing: Style.gap) {
            line(.now, [lending.reason, lending.now].compactMap { $0 }.joined(separator: ", "))
            line(.today, lending.today)
            line(.thisMonth, lending.month)
        }
    }

    private func line(_ word: Word, _ text: String) -> some View {
        VStack(alignment: .leading) {
            Text(verbatim: app.words(word)).font(.subheadline).foregroundStyle(Style.text2)
            Text(verbatim: text).font(.body)
        }
        .accessibilityElement(children: .combine)
    }

    private func limit(_ bytes: UInt64?) -> String {
        bytes.map { app.words(.limitDay, ["size": app.words.size($0)]) } ?? app.words(.noLimit)
    }

    private func limit(_ bytes: UInt64) -> String { limit(Optional(bytes)) }

    private var day: Binding<UInt64?> {
        Binding(get: { app.settings.lending.wifiDay }, set: { day in change { $0.wifiDay = day } })
    }

    private var mobileDay: Binding<UInt64> {
        Binding(get: { app.settings.lending.mobileDay }, set: { day in change { $0.mobileDay = day } })
    }

    private func change(_ edit: (inout LendingChoice) -> Void) {
        var choice = app.settings.lending
        edit(&choice)
        app.chose(choice)
    }
}
