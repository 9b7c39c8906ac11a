import Foundation
import ManyhandsCore
import Observation

/// S6, S7 and the hand row: somebody's broadcast, for the screen and for the core.
@MainActor @Observable
public final class WatchModel {
    public private(set) var machine: WatchMachine
    public private(set) var title = ""
    /// What a screen reader has to say now, interrupting.
    public private(set) var said: Said?
    /// What the person allows to be passed on.
    public var choice: LendingChoice {
        didSet {
            guard choice != oldValue else { return }
            onChoice(choice)
            tellDevice()
        }
    }
    /// The person does not let this app search the local network.
    public private(set) var nearbyIsRefused = false
    /// The person calls the network home.
    public var isHome: Bool {
        didSet {
            guard isHome != oldValue else { return }
            tell { [isHome] in await $0.setLocal(isHome) }
        }
    }
    /// The invitation that is held. It is a secret.
    public let link: String
    private var now: ContinuousClock.Instant

    @ObservationIgnored private let words: Words
    @ObservationIgnored private let screening: any Screening
    @ObservationIgnored private let place: Place
    @ObservationIgnored private let onChoice: @MainActor (LendingChoice) -> Void
    @ObservationIgnored private var watching: Watching?
    @ObservationIgnored private var ordered = ScreenOrders()
    @ObservationIgnored private var told: (DeviceState, LendingChoice)?
    @ObservationIgnored private var orders: AsyncStream<ScreenOrders>.Continuation?
    @ObservationIgnored private var tasks: [Task<Void, Never>] = []
    @ObservationIgnored private var last: Task<Void, Never>?
    @ObservationIgnored private var search: Task<Void, Never>?
    /// A broadcast of this phone's own runs.
    @ObservationIgnored public var live = false { didSet { tellDevice() } }

    /// Where a viewer keeps its ledger, listens and looks.
    public struct Place: Sendable {
        public var ledger: String?
        public var listen: String
        public var dht: Bool
        public var nearby: any Nearby

        public init(ledger: String?, listen: String, dht: Bool, nearby: any Nearby) {
            (self.ledger, self.listen, self.dht, self.nearby) = (ledger, listen, dht, nearby)
        }
    }

    public init(
        _ link: String, _ screening: any Screening, _ words: Words, place: Place,
        choice: LendingChoice = LendingChoice(), device: DeviceReport = DeviceReport(), isHome: Bool = false,
        onChoice: @escaping @MainActor (LendingChoice) -> Void = { _ in }
    ) {
        (self.link, self.screening, self.words, self.place) = (link, screening, words, place)
        (self.choice, self.isHome, self.onChoice) = (choice, isHome, onChoice)
        now = .now
        machine = WatchMachine(at: .now)
        _ = machine.handle(.device(device), at: now)
        let (stream, orders) = AsyncStream.makeStream(of: ScreenOrders.self)
        self.orders = orders
        Task { for await order in stream { await screening.follow(order) } }
        Task { [weak self] in for await event in screening.events { self?.send(.screen(event)) } }
        join()
        direct()
    }

    deinit {
        orders?.finish()
        search?.cancel()
        watching?.close()
    }

    public var screen: WatchScreen { WatchScreen(machine, at: now, words) }
    /// Said where the search was switched on.
    public var nearbyNotice: Notice? {
        guard nearbyIsRefused else { return nil }
        return Notice(
            "refused_nearby", .fair, title: words(.refusedNearbyTitle), text: words(.refusedNearbyText),
            actions: [.openSettings])
    }
    public var lending: LendingScreen { LendingScreen(choice, machine.figures, words) }

    /// Tells what happened or what was tapped.
    public func send(_ input: WatchMachine.Input) {
        now = .now
        for effect in machine.handle(input, at: now) {
            switch effect {
            case .join: join()
            case .leave: leave()
            case .stand(let still): tell { await $0.setPaused(still) }
            case .toLive: tell { await $0.goLive() }
            case .say(let word): said = Said(text: words(word), after: said)
            }
        }
        direct()
        tellDevice()
    }

    /// The phone stands in another network.
    public func networkChanged() {
        tell { await $0.networkChanged() }
    }

    /// The row's switch: off is off everywhere; on is on where bytes cost nothing.
    public func lend(_ on: Bool) {
        var new = choice
        new.agreed = new.agreed || on
        (new.onWifi, new.onMobile) = (on, on && choice.onMobile)
        choice = new
    }

    private func direct() {
        guard machine.orders != ordered else { return }
        ordered = machine.orders
        orders?.yield(ordered)
    }

    private func leave() {
        for task in tasks { task.cancel() }
        watching?.close()
        search?.cancel()
        (tasks, watching, told, search) = ([], nil, nil, nil)
    }

    private var state: DeviceState {
        machine.device.state(
            live: live, play: machine.play, utcOffset: Int32(TimeZone.current.secondsFromGMT()))
    }
}

extension WatchModel {
    private func join() {
        leave()
        let setup = LendingSetup(limits: choice.limits, device: state, ledger: place.ledger)
        do {
            let watching = try Watching(
                Join(
                    link: link, framing: .lengths, lending: setup, listen: place.listen, local: isHome,
                    localByShell: true, dht: place.dht))
            self.watching = watching
            told = (state, choice)
            run(watching)
        } catch {
            _ = machine.handle(.over(error as? Failure ?? .Network(message: "\(error)")), at: now)
        }
    }

    private func run(_ watching: Watching) {
        let pump = Pump(watching, screening)
        tasks = [
            Task.detached { await pump.pictures() },
            Task.detached { await pump.sounds() },
            Task { [weak self] in
                do {
                    for try await event in watching.events { self?.take(event, watching) }
                    if !Task.isCancelled { self?.send(.over(nil)) }
                } catch {
                    if !Task.isCancelled { self?.send(.over(error as? Failure)) }
                }
            },
            Task { [weak self] in
                while !Task.isCancelled, let figures = await watching.figures() {
                    self?.send(.figures(figures))
                    // What holds lending back is to be seen within a second.
                    try? await Task.sleep(for: .milliseconds(500))
                }
            },
        ]
    }

    private func take(_ event: SessionEvent, _ watching: Watching) {
        title = watching.title
        if case .localNetwork(let used) = event { follow(used, watching) }
        send(.session(event))
    }

    /// Searches the local network while the core wants it.
    private func follow(_ used: Bool, _ watching: Watching) {
        search?.cancel()
        (search, nearbyIsRefused) = (nil, false)
        guard used else { return }
        let sightings = place.nearby.search { [weak watching] in watching?.isMarked($0) == true }
        search = Task { [weak self] in
            for await sighting in sightings {
                switch sighting {
                // One that is no address is nobody's.
                case .member(let address): try? await watching.found(address)
                case .refused: self?.nearbyIsRefused = true
                }
            }
        }
    }

    /// Tells the core what has changed, and shows at once what it makes of it.
    private func tellDevice() {
        let (before, state, choice) = (told, self.state, self.choice)
        guard watching != nil, before.map({ $0.0 != state || $0.1 != choice }) ?? true else { return }
        told = (state, choice)
        tell { [weak self] watching in
            if before?.1 != choice { await watching.setLending(choice.limits) }
            await watching.setDevice(state)
            if let figures = await watching.figures() { self?.send(.figures(figures)) }
        }
    }

    /// Tells the core something; one after the other, so that the last one holds.
    private func tell(_ say: @escaping @MainActor (Watching) async -> Void) {
        guard let watching else { return }
        last = Task { [last] in
            await last?.value
            await say(watching)
        }
    }
}

/// Carries units from the core to the screen, each track at its own pace.
actor Pump {
    private let watching: Watching
    private let screening: any Screening
    private var clock = PlaybackClock()
    private var timescales: (picture: UInt32, sound: UInt32) = (Encoding.pictureTicks, Encoding.sampleRate)

    init(_ watching: Watching, _ screening: any Screening) {
        (self.watching, self.screening) = (watching, screening)
    }

    /// Ends with the stream; why it has ended is among the events.
    func pictures() async {
        do {
            for try await unit in watching.pictures {
                if let format = unit.format { timescales.picture = format.timescale }
                let due = due(unit.captureUs, unit.times, timescales.picture)
                await screening.show(Due(unit: unit, atUs: due.atUs, clock: due.clock))
            }
        } catch {}
    }

    func sounds() async {
        do {
            for try await unit in watching.sounds {
                if let format = unit.format { timescales.sound = format.timescale }
                let due = due(unit.captureUs, unit.times, timescales.sound)
                await screening.hear(Due(unit: unit, atUs: due.atUs, clock: due.clock))
            }
        } catch {}
    }

    private func due(
        _ capturedUs: Int64, _ times: Times, _ timescale: UInt32
    ) -> (atUs: Int64, clock: ClockSetting?) {
        clock.due(
            capturedUs: capturedUs, composition: times.pts - times.dts, timescale: timescale,
            hostUs: screening.hostUs())
    }
}
