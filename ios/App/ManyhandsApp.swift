import ManyhandsKit
import SwiftUI

@main
struct ManyhandsApp: App {
    @State private var parts = Parts()
    @Environment(\.scenePhase) private var phase

    var body: some Scene {
        WindowGroup {
            RootView(parts: parts)
                .environment(parts.app)
                .onOpenURL { parts.app.open($0.absoluteString) }
                .onChange(of: phase) { _, new in
                    // Inactive is neither: a call's banner, the app switcher on its way.
                    if new != .inactive { parts.app.inFront(new == .active) }
                }
        }
    }
}

/// The app and the adapters that screens draw from.
@MainActor
final class Parts {
    let filming: PhoneFilming
    let screen: SampleScreen
    let app: AppModel

    init() {
        let (filming, screen) = (PhoneFilming(), SampleScreen())
        let folder = Folder.own
        // Empty where the app was built without one.
        let host = Bundle.main.object(forInfoDictionaryKey: "ManyhandsHost") as? String ?? ""
        app = AppModel(
            System(
                filming: filming, screening: screen, reports: PhoneReports(), permissions: SystemQuestions(),
                nearby: BonjourSearch(), vault: KeyChain(), drawer: FileDrawer(folder),
                ledger: folder.appending(path: "ledger").path,
                host: host.isEmpty ? nil : host, languages: Locale.preferredLanguages))
        (self.filming, self.screen) = (filming, screen)
    }
}
