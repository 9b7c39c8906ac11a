import ManyhandsKit
import SwiftUI
import UIKit

/// Whichever screen is up.
struct RootView: View {
    let parts: Parts
    @Environment(AppModel.self) private var app
    @Environment(\.accessibilityReduceMotion) private var still

    var body: some View {
        screen
            .animation(still ? nil : .easeInOut(duration: 0.15), value: app.place.screen)
            .sheet(item: sheet) { sheet in
                switch sheet {
                case .lending: LendingView()
                case .invite: InviteView()
                }
            }
            .onChange(of: app.broadcast.said) { _, said in announce(said) }
            .onChange(of: app.watch?.said) { _, said in announce(said) }
            .onChange(of: staysOn, initial: true) { _, on in UIApplication.shared.isIdleTimerDisabled = on }
    }

    @ViewBuilder private var screen: some View {
        switch app.place.screen {
        case .firstRun: FirstRunView()
        case .home: HomeView()
        case .primer: PrimerView()
        case .preview: PreviewView(capture: parts.filming.capture)
        case .live: LiveView(capture: parts.filming.capture)
        case .ended: EndedView()
        case .watch: WatchView(screen: parts.screen)
        case .openLink: OpenLinkView()
        }
    }

    private var sheet: Binding<Place.Sheet?> {
        Binding(get: { app.place.sheet }, set: { app.show($0) })
    }

    /// The screen stays on while somebody is filmed or watched.
    private var staysOn: Bool {
        switch app.place.screen {
        case .preview, .live: true
        case .watch: app.watch?.machine.isPlaying == true
        case .firstRun, .home, .primer, .ended, .openLink: false
        }
    }

    private func announce(_ said: Said?) {
        guard let said else { return }
        UIAccessibility.post(notification: .announcement, argument: said.text)
    }
}
