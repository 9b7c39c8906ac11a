import ManyhandsKit
import SwiftUI

/// S3: am I live, how many watch, is it going well, what does it cost me. Nothing covers these.
struct LiveView: View {
    @Environment(AppModel.self) private var app
    let capture: CameraCapture

    var body: some View {
        let live = app.broadcast.live
        ZStack {
            Color.black.ignoresSafeArea()
            FilmedPicture(capture: capture)
            if let card = live.card {
                Color.black.ignoresSafeArea()
                Text(verbatim: card).font(.title.bold()).foregroundStyle(.white)
            }
            VStack(alignment: .leading, spacing: Style.gap) {
                head(live)
                Spacer()
                if let banner = live.banner { NoticeCard(notice: banner, act: act) }
                foot(live)
            }
            .padding(Style.margin)
        }
        .modifier(Held())
        .preferredColorScheme(.dark)
        .sensoryFeedback(trigger: app.broadcast.touch) { _, touch in
            touch == .warning ? .warning : .success
        }
        .sheet(isPresented: asks) { EndSheet() }
    }

    private func head(_ live: LiveScreen) -> some View {
        HStack(spacing: Style.gap) {
            Pill(colour: Style.live) {
                IconText(text: "\(app.words(.live)) \(live.time)", icon: "circle.fill")
            }
            Pill { IconText(text: live.viewers, icon: "eye") }
            if let health = live.health {
                Pill {
                    IconText(text: health.word, icon: HealthStyle.icon(health.level))
                        .foregroundStyle(HealthStyle.colour(health.level))
                }
            }
            if live.muted { Pill { IconText(text: app.words(.muted), icon: "mic.slash") } }
            Spacer()
        }
        .accessibilityElement(children: .ignore)
        .accessibilityLabel(Text(verbatim: spoken(live)))
    }

    private func foot(_ live: LiveScreen) -> some View {
        VStack(alignment: .leading, spacing: Style.gap) {
            if let data = live.data {
                let icon = live.overMobile ? "antenna.radiowaves.left.and.right" : "wifi"
                Pill { IconText(text: data, icon: icon) }
            }
            if let battery = live.battery { Pill { Text(verbatim: battery) } }
            FilmControls()
            HStack(spacing: Style.gap) {
                SecondButton(title: app.words(.invite)) { app.show(.invite) }
                MainButton(
                    title: app.words(.end), icon: "stop.fill", colour: Style.live, onColour: .white
                ) { app.broadcast.send(.askToEnd) }
            }
        }
    }

    private func spoken(_ live: LiveScreen) -> String {
        let muted = live.muted ? app.words(.muted) : nil
        let parts = [app.words(.live), live.timeSpoken, live.viewers, live.health?.spoken, muted]
        return parts.compactMap { $0 }.joined(separator: ", ")
    }

    private var asks: Binding<Bool> {
        Binding(get: { app.broadcast.live.end != nil }, set: { if !$0 { app.broadcast.send(.keepGoing) } })
    }

    private func act(_ action: Notice.Action) {
        switch action {
        case .end: app.broadcast.send(.askToEnd)
        case .soundOnly: app.broadcast.send(.camera(false))
        case .useCameraAgain:
            app.broadcast.send(.camera(false))
            app.broadcast.send(.camera(true))
        default: break
        }
    }
}

/// The sheet that ends the broadcast: ordinary tapping never destroys anything.
struct EndSheet: View {
    @Environment(AppModel.self) private var app

    var body: some View {
        ScrollView {
            VStack(spacing: Style.gap) {
                if let end = app.broadcast.live.end {
                    Text(verbatim: end.title).font(.title2.bold()).accessibilityAddTraits(.isHeader)
                    Text(verbatim: end.people).font(.body)
                }
                MainButton(title: app.words(.endBroadcast), colour: Style.live, onColour: .white) {
                    app.broadcast.send(.end)
                }
                SecondButton(title: app.words(.keepGoing)) { app.broadcast.send(.keepGoing) }
                Spacer(minLength: 24)
                SecondButton(title: app.words(.stopAndErase), colour: Style.poor) {
                    app.stopAndErase()
                }
                Text(verbatim: app.words(.stopAndEraseHint)).font(.footnote).foregroundStyle(Style.text2)
            }
            .padding(Style.margin)
            .frame(maxWidth: Style.widestText)
        }
        .background(Style.surface)
        .foregroundStyle(Style.text)
    }
}
