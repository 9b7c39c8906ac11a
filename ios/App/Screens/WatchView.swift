import AVFoundation
import ManyhandsKit
import SwiftUI
import UIKit

/// S6 and S7: a picture, and what is asked for beside it.
struct WatchView: View {
    @Environment(AppModel.self) private var app
    @Environment(\.openURL) private var openURL
    @State private var controls = true
    @State private var small: SmallPicture?
    let screen: SampleScreen

    var body: some View {
        if let watch = app.watch {
            let shown = watch.screen
            VStack(spacing: 0) {
                picture(watch, shown)
                ScrollView { beside(watch, shown) }
            }
            .background(Style.background)
            .preferredColorScheme(.dark)
            .onAppear { small = small ?? SmallPicture(screen.layer) { app.watch?.send($0) } }
            .onChange(of: shown.plays) { _, plays in small?.follow(plays: plays) }
        }
    }

    private func picture(_ watch: WatchModel, _ shown: WatchScreen) -> some View {
        ZStack {
            Color.black
            WatchedPicture(layer: screen.layer)
                .opacity(shown.hidesPicture ? 0 : shown.state == nil ? 1 : 0.4)
                .onTapGesture { controls.toggle() }
            if let state = shown.state {
                NoticeCard(notice: state) { act($0, watch) }.padding(Style.margin)
            }
            VStack {
                HStack(spacing: Style.gap) {
                    IconButton(icon: "chevron.backward", spoken: app.words(.back)) { app.home() }
                    Spacer()
                    badge(watch, shown)
                    if let viewers = shown.viewers {
                        Pill { IconText(text: viewers, icon: "eye") }
                    }
                }
                Spacer()
                if let pill = shown.pill { Pill { Text(verbatim: pill) } }
                if controls { buttons(watch, shown) }
            }
            .padding(Style.margin)
        }
        .frame(maxWidth: .infinity, minHeight: 240)
    }

    @ViewBuilder private func badge(_ watch: WatchModel, _ shown: WatchScreen) -> some View {
        switch shown.badge {
        case .none: EmptyView()
        case .live:
            Pill(colour: Style.live) { Text(verbatim: shown.badgeText).monospacedDigit() }
                .accessibilityLabel(Text(verbatim: shown.badgeSpoken))
        case .behind, .paused:
            Button {
                watch.send(.toLive)
            } label: {
                Pill { Text(verbatim: shown.badgeText).monospacedDigit() }.frame(minHeight: Style.target)
            }
            .buttonStyle(.plain)
            .accessibilityLabel(Text(verbatim: shown.badgeSpoken))
        }
    }

    private func buttons(_ watch: WatchModel, _ shown: WatchScreen) -> some View {
        HStack(spacing: Style.gap) {
            IconButton(
                icon: shown.plays ? "pause.fill" : "play.fill",
                spoken: app.words(shown.plays ? .pause : .play)
            ) { watch.send(.play(!shown.plays)) }
            IconButton(
                icon: shown.sound ? "speaker.wave.2.fill" : "speaker.slash",
                spoken: app.words(shown.sound ? .soundOn : .soundOff)
            ) { watch.send(.sound(!shown.sound)) }
            if small?.isPossible == true {
                IconButton(icon: "pip.enter", spoken: app.words(.smallPicture)) { small?.start() }
            }
            Spacer()
        }
    }

    private func beside(_ watch: WatchModel, _ shown: WatchScreen) -> some View {
        let lending = watch.lending
        return VStack(alignment: .leading, spacing: Style.margin) {
            Text(verbatim: watch.title).font(.title2.bold()).accessibilityAddTraits(.isHeader)
            if let uses = shown.uses { Text(verbatim: uses).font(.subheadline).foregroundStyle(Style.text2) }
            if lending.asks { card }
            HandRow(isOn: lending.isOn, state: lending.reason, spoken: lending.spoken) { watch.lend($0) }
            if let invite = InviteScreen(watch.link, host: app.host, app.words) {
                ShareLink(item: invite.shareText) {
                    IconText(text: app.words(.shareLink), icon: "square.and.arrow.up")
                        .frame(minHeight: Style.target)
                }
            }
        }
        .padding(Style.margin)
        .frame(maxWidth: Style.widestText, alignment: .leading)
        .foregroundStyle(Style.text)
    }

    /// The first time: nothing is passed on before OK.
    private var card: some View {
        VStack(alignment: .leading, spacing: Style.gap) {
            Text(verbatim: app.words(.handSentence)).font(.body)
            Text(verbatim: app.words(.houseRulesByWatching)).font(.footnote)
            HStack(spacing: Style.gap) {
                MainButton(title: app.words(.ok)) { app.watch?.lend(true) }
                SecondButton(title: app.words(.whyAndHowMuch)) { app.show(.lending) }
            }
        }
        .padding(Style.margin)
        .background(Style.surface, in: RoundedRectangle(cornerRadius: Style.corner))
    }

    private func act(_ action: Notice.Action, _ watch: WatchModel) {
        switch action {
        case .tryAgain, .tryNow: watch.send(.tryAgain)
        case .openSettings:
            if let settings = URL(string: UIApplication.openSettingsURLString) { openURL(settings) }
        case .lendAHand: app.show(.lending)
        default: app.home()
        }
    }
}
