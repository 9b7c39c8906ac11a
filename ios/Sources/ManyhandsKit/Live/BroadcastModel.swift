import Foundation
import ManyhandsCore
import Observation

/// S2, S3 and S5: the broadcast of this phone, for the screen and for the core.
@MainActor @Observable
public final class BroadcastModel {
    public private(set) var machine = BroadcastMachine()
    /// What viewers see as the broadcast's name, up to 60 characters.
    public var title: String {
        didSet { if title.count > Self.longestTitle { title = String(title.prefix(Self.longestTitle)) } }
    }
    /// What a screen reader has to say now, interrupting; a new one each time.
    public private(set) var said: Said?
    public private(set) var touch: BroadcastMachine.Touch?
    /// The open invitation, once live. It is a secret.
    public private(set) var link: String?
    private var now: ContinuousClock.Instant

    @ObservationIgnored private let words: Words
    @ObservationIgnored private let filming: any Filming
    @ObservationIgnored private let channel: OwnChannel
    @ObservationIgnored private let listen: String
    @ObservationIgnored private let dht: Bool
    @ObservationIgnored private let onPhase: @MainActor (Bool) -> Void
    @ObservationIgnored private var broadcasting: Broadcasting?
    @ObservationIgnored private var orders: AsyncStream<(FilmingOrders, Broadcasting?)>.Continuation?
    @ObservationIgnored private var given = FilmingOrders()
    @ObservationIgnored private var told: (DeviceState, OnAir)?
    @ObservationIgnored private var last: Task<Void, Never>?
    @ObservationIgnored private var tasks: [Task<Void, Never>] = []

    static let longestTitle = 60

    /// `onPhase` hears when this phone goes live and when it isn't any more.
    public init(
        _ filming: any Filming, _ channel: OwnChannel, _ words: Words, listen: String, dht: Bool,
        onPhase: @escaping @MainActor (Bool) -> Void = { _ in }
    ) {
        (self.filming, self.channel, self.words) = (filming, channel, words)
        (self.listen, self.dht, self.onPhase) = (listen, dht, onPhase)
        now = .now
        title = ""
        let (stream, orders) = AsyncStream.makeStream(of: (FilmingOrders, Broadcasting?).self)
        self.orders = orders
        // One after the other: an order never overtakes an older one.
        Task { for await (order, sink) in stream { await filming.follow(order, into: sink) } }
        Task { [weak self] in for await event in filming.events { self?.send(.film(event)) } }
        title = titlePreset
    }

    /// What the field for the title holds before anything was typed.
    public var titlePreset: String {
        let today = Date().formatted(.dateTime.day().month(.wide).locale(words.locale))
        return words(.titlePreset, ["date": today])
    }

    deinit {
        orders?.finish()
        broadcasting?.close()
    }

    public var preview: PreviewScreen { PreviewScreen(machine, at: now, words) }
    public var live: LiveScreen { LiveScreen(machine, at: now, words) }
    public var ended: EndedScreen? { EndedScreen(machine, title: title, words) }
    /// Sound goes on when the app is left. A broadcast that is running follows at once.
    public var soundGoesOn: Bool {
        get { machine.soundGoesOn }
        set {
            machine.soundGoesOn = newValue
            direct()
            tell()
        }
    }

    /// Tells what happened or what was tapped.
    public func send(_ input: BroadcastMachine.Input) {
        now = .now
        let wasLive = machine.isLive
        let effects = machine.handle(input, at: now)
        for effect in effects { run(effect) }
        direct()
        tell()
        if machine.isLive != wasLive { onPhase(machine.isLive) }
    }

    /// The phone stands in another network.
    public func networkChanged() {
        guard let broadcasting else { return }
        last = Task { [last] in
            await last?.value
            await broadcasting.networkChanged()
        }
    }

    private func run(_ effect: BroadcastMachine.Effect) {
        switch effect {
        case .goLive: goLive()
        case .takeBack, .erase:
            let left = leave()
            left?.close()
            if effect == .erase { channel.erase() }
        case .finish:
            guard let left = leave() else { return }
            Task { send(.finished(await left.finish())) }
        case .say(let word): said = Said(text: words(word), after: said)
        case .feel(let touch): self.touch = touch
        }
    }

    /// Lets go of the broadcast, so that nothing more comes from it or goes into it.
    private func leave() -> Broadcasting? {
        for task in tasks { task.cancel() }
        tasks = []
        defer { (broadcasting, link, told) = (nil, nil, nil) }
        return broadcasting
    }

    private func direct() {
        guard machine.orders != given else { return }
        given = machine.orders
        orders?.yield((given, given.coding ? broadcasting : nil))
    }

    private var state: DeviceState {
        machine.state(utcOffset: Int32(TimeZone.current.secondsFromGMT()))
    }

    /// Tells the core what has changed; one after the other, so that the last one holds.
    private func tell() {
        let (before, state, onAir) = (told, state, machine.onAir)
        guard let broadcasting, before.map({ $0.0 != state || $0.1 != onAir }) ?? true else { return }
        told = (state, onAir)
        last = Task { [last] in
            await last?.value
            if before?.0 != state { await broadcasting.setDevice(state) }
            if before?.1 != onAir { await broadcasting.setOnAir(onAir) }
        }
    }
}

/// Words to be spoken. Two of the same words are two.
public struct Said: Equatable, Sendable {
    public let text: String
    public let number: Int

    init(text: String, after last: Said?) {
        (self.text, number) = (text, (last?.number ?? 0) + 1)
    }
}

extension BroadcastModel {
    private func goLive() {
        let (channel, title, place) = (channel, title, (listen: listen, dht: dht))
        let (picture, device) = (machine.orders.picture, state)
        let started = Task.detached {
            try Self.start(channel, title: title, at: place, picture: picture, device: device)
        }
        tasks = [
            Task {
                do {
                    let broadcasting = try await started.value
                    guard !Task.isCancelled else { return broadcasting.close() }
                    run(broadcasting)
                } catch {
                    send(.didNotGoLive(words(.goLiveFailed)))
                }
            }
        ]
    }

    /// Keys, a socket, the first signatures: a moment of work, which the screen doesn't wait for.
    nonisolated private static func start(
        _ channel: OwnChannel, title: String, at place: (listen: String, dht: Bool),
        picture: Picture, device: DeviceState
    ) throws -> Broadcasting {
        let (keys, number) = try channel.next()
        return try Broadcasting(
            GoLive(
                title: title, keys: keys, broadcast: number,
                startedMs: UInt64(Date().timeIntervalSince1970 * 1000), private: false,
                video: VideoTrack(
                    timescale: Encoding.pictureTicks, bitrate: picture.bitrate, rotation: 0,
                    framing: .lengths),
                audio: AudioTrack(
                    timescale: Encoding.sampleRate, bitrate: Encoding.soundBitrate, codec: .aac,
                    sampleRate: Encoding.sampleRate, channels: 1),
                picture: picture, device: device, listen: place.listen, dht: place.dht))
    }

    private func run(_ broadcasting: Broadcasting) {
        (self.broadcasting, link) = (broadcasting, broadcasting.link)
        tasks = [
            Task { [weak self] in
                while !Task.isCancelled, let figures = await broadcasting.figures() {
                    self?.send(.figures(figures))
                    try? await Task.sleep(for: .seconds(1))
                }
                if !Task.isCancelled { self?.send(.finished(nil)) }
            },
            Task { [weak self] in
                // What ends it is among the events or in the figures; a failure says no more.
                do { for try await event in broadcasting.events { self?.send(.session(event)) } } catch {}
            },
        ]
        send(.isLive)
    }
}
