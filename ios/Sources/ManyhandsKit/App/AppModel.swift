import Foundation
import ManyhandsCore
import Observation

/// The whole app: which screen is up, and the models behind the screens.
@MainActor @Observable
public final class AppModel {
    public private(set) var place: Place { didSet { if place != oldValue { vault.keep(Place.name, place) } } }
    public private(set) var settings: Settings
    public private(set) var device = DeviceReport()
    private var homeNetwork = HomeNetwork()
    public private(set) var watch: WatchModel?
    public private(set) var openLink: OpenLinkModel
    public private(set) var primer: PrimerModel?
    public let words: Words
    public let broadcast: BroadcastModel
    /// What this phone has passed on, by its ledger; nothing before that was read.
    public private(set) var given: GivenSoFar?
    /// Since a broadcast was cut off with the process, until it is dismissed: seconds of Unix time.
    public private(set) var cutOff: Double?

    @ObservationIgnored private let system: System
    @ObservationIgnored private var moves = Moves()
    @ObservationIgnored private var vault: any Keeping { system.vault }

    public init(_ system: System) {
        self.system = system
        words = Words(system.languages)
        let (place, settings) = Self.kept(system)
        (self.place, self.settings, cutOff) = (place, settings, settings.liveSince)
        openLink = OpenLinkModel(words, text: place.typed)
        let live = Live()
        broadcast = BroadcastModel(
            system.filming, OwnChannel(system.vault), words, listen: system.listen, dht: system.dht
        ) { live.tell?($0) }
        broadcast.soundGoesOn = settings.soundGoesOn
        if let title = place.title { broadcast.title = title }
        live.tell = { [weak self] in self?.isLive($0) }
        Task { [weak self] in for await report in system.reports.reports { self?.take(report) } }
        restore()
    }

    /// The model of the broadcast is made before this one, and speaks to it later.
    @MainActor private final class Live {
        var tell: ((Bool) -> Void)?
    }

    private static func kept(_ system: System) -> (Place, Settings) {
        let settings: Settings = system.drawer.value(Settings.name) ?? Settings()
        var place = (system.vault.value(Place.name) ?? Place()).restored
        let firstStart = !settings.agreedToRules && place.screen != .watch
        if firstStart { place = Place() }
        if firstStart { place.screen = .firstRun }
        return (place, settings)
    }

    private func restore() {
        switch place.screen {
        case .watch: place.link.map { start($0) }
        case .preview: broadcast.send(.open)
        case .primer: ask(for: place.purpose)
        case .firstRun, .home, .live, .ended, .openLink: break
        }
        readLedger()
    }
}

// What is tapped.
extension AppModel {
    /// S15's button.
    public func agree() {
        change { $0.agreedToRules = true }
        place.screen = .home
    }

    /// Home's `Go live`.
    public func goLive() {
        guard settings.agreedToRules else { return show(.firstRun) }
        cutOff = nil
        change { $0.liveSince = nil }
        ask(for: .broadcast)
    }

    /// Home's `Watch`.
    public func openALink() {
        show(.openLink)
    }

    /// A link was tapped in another app, or the field's `Watch`. A good one is watched at once: no
    /// question comes before the picture.
    public func open(_ text: String) {
        openLink.text = text
        guard openLink.canWatch else { return show(.openLink) }
        start(text)
    }

    /// Back to Home from wherever; what runs there ends.
    public func home() {
        watch?.send(.close)
        (watch, primer) = (nil, nil)
        if place.screen == .preview { broadcast.send(.close) }
        (place.screen, place.sheet, place.link) = (.home, nil, nil)
        openLink.text = ""
        readLedger()
    }

    /// The live screen's `Stop now and erase`: channel, text and choices are as on the first day.
    public func stopAndErase() {
        broadcast.send(.erase)
        broadcast.title = broadcast.titlePreset
        chose(LendingChoice())
        change { $0 = Settings() }
        broadcast.soundGoesOn = settings.soundGoesOn
        place = Place()
        openLink.text = place.typed
    }

    private func readLedger() {
        guard let ledger = system.ledger else { return }
        let offset = Int32(TimeZone.current.secondsFromGMT())
        Task { [weak self] in
            let read = Task.detached { givenSoFar(ledger: ledger, utcOffsetS: offset) }
            self?.given = await read.value
        }
    }

    public func show(_ sheet: Place.Sheet?) {
        place.sheet = sheet
    }

    public func dismissCutOff() {
        cutOff = nil
        change { $0.liveSince = nil }
    }

    /// Keeps what was typed.
    public func typed(link: String? = nil, title: String? = nil) {
        if let link { (openLink.text, place.typed) = (link, link) }
        if let title {
            broadcast.title = title
            place.title = broadcast.title
        }
    }

    /// The app has come to the front, or has left it.
    public func inFront(_ front: Bool) {
        broadcast.send(front ? .returned : .left)
        watch?.send(front ? .returned : .left)
        if front, let primer { Task { await primer.returned() } }
    }
}

extension AppModel {
    /// S1, as words.
    public var homeScreen: HomeScreen {
        HomeScreen(broadcast.machine, cutOff: cutOff, choice: settings.lending, given: given, words)
    }

    /// The web address that tappable links begin with.
    public var host: String? { system.host }

    /// S4, as words: the link of the broadcast that runs, or my link before it; nothing where it can't
    /// be kept.
    public var invite: InviteScreen? {
        let link = broadcast.link ?? (try? OwnChannel(system.vault).link())
        return link.flatMap { InviteScreen($0, host: system.host, words) }
    }

    /// The row on Home: off is off everywhere; on is on where bytes cost nothing.
    public func lend(_ on: Bool) {
        var choice = settings.lending
        choice.agreed = choice.agreed || on
        (choice.onWifi, choice.onMobile) = (on, on && choice.onMobile)
        chose(choice)
    }

    /// The person has changed what may be passed on.
    public func chose(_ choice: LendingChoice) {
        guard choice != settings.lending else { return }
        change { $0.lending = choice }
        watch?.choice = choice
    }

    /// The person has chosen whether sound goes on when the app is left while live; the picture can't.
    public func pauseWhenLeft(_ pause: Bool) {
        change { $0.soundGoesOn = !pause }
        broadcast.soundGoesOn = !pause
    }

    /// Whether the person calls the network home; nothing where nobody is at home.
    public var isHome: Bool? { device.path.canBeHome ? homeNetwork.isHome : nil }

    /// The person calls the network home, or not any more.
    public func callHome(_ isHome: Bool) {
        homeNetwork.say(isHome, on: device.path)
        watch?.isHome = homeNetwork.isHome
    }

    private func show(_ screen: Place.Screen) {
        place.screen = screen
    }

    private func change(_ edit: (inout Settings) -> Void) {
        edit(&settings)
        system.drawer.keep(Settings.name, settings)
    }

    private func take(_ report: DeviceReport) {
        let moved = moves.handle(report.path)
        device = report
        // Nothing is asked in a new network before it is known to be none that was called home.
        homeNetwork.handle(report.path, moved: moved)
        watch?.isHome = homeNetwork.isHome
        broadcast.send(.device(report))
        watch?.send(.device(report))
        guard moved else { return }
        broadcast.networkChanged()
        watch?.networkChanged()
    }

    private func isLive(_ live: Bool) {
        watch?.live = live
        change { $0.liveSince = live ? Date().timeIntervalSince1970 : nil }
        if live {
            (place.screen, place.sheet) = (.live, nil)
        } else {
            let ended = broadcast.ended != nil
            (place.screen, place.sheet) = (ended ? .ended : .home, nil)
        }
    }

    private func start(_ link: String) {
        watch = WatchModel(
            link, system.screening, words,
            place: .init(
                ledger: system.ledger, listen: system.listen, dht: system.dht, nearby: system.nearby),
            choice: settings.lending, device: device, isHome: homeNetwork.isHome,
            onChoice: { [weak self] in self?.chose($0) })
        watch?.live = broadcast.machine.isLive
        (place.screen, place.link, place.typed) = (.watch, link, "")
    }

    /// Asks for what is needed, and goes on by itself where nothing has to be asked.
    private func ask(for purpose: Place.Purpose) {
        let primer = PrimerModel(purpose, system.permissions, words) { [weak self] in self?.allowed($0) }
        self.primer = primer
        Task {
            await primer.look()
            guard self.primer === primer, primer.step != .done else { return }
            (place.screen, place.purpose) = (.primer, purpose)
        }
    }

    private func allowed(_ result: PrimerModel.Result) {
        defer { primer = nil }
        guard result.purpose == .broadcast else { return show(.openLink) }
        place.screen = .preview
        broadcast.send(.open)
        if !result.camera { broadcast.send(.camera(false)) }
        if !result.microphone { broadcast.send(.microphone(false)) }
    }

    /// S9's `Use the camera`.
    public func scan() {
        ask(for: .scan)
    }
}
