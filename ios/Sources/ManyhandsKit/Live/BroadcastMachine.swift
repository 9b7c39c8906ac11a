import ManyhandsCore

/// A broadcast of this phone, from the preview to its end, as a state machine: what happens goes in
/// with its time, and what has to be done comes out. It reads no clock and calls nothing.
///
/// Invariant: nothing is coded outside of `live`, whatever else happens.
public struct BroadcastMachine: Equatable, Sendable {
    public typealias Instant = ContinuousClock.Instant

    public enum Phase: Equatable, Sendable {
        case closed, preview
        case goingLive(since: Instant)
        case live(since: Instant)
        case ending
        case ended(seconds: Int)
    }

    public enum Input: Equatable, Sendable {
        case open, close
        case goLive, cancel, isLive
        case didNotGoLive(String)
        case microphone(Bool)
        case camera(Bool)
        case front(Bool)
        case torch(Bool)
        /// Nearer or farther, by this factor.
        case zoom(by: Double)
        /// Sharp what is there.
        case focus(Spot)
        case askToEnd, keepGoing, end, erase
        /// With the last figures.
        case finished(Figures?)
        case device(DeviceReport)
        case film(FilmingEvent)
        case session(SessionEvent)
        case figures(Figures)
        case left, returned
        case tick
    }

    /// What has to be done once; what holds for longer is in `orders`.
    public enum Effect: Equatable, Sendable {
        case goLive, takeBack, finish, erase
        /// Interrupts a screen reader.
        case say(Word)
        case feel(Touch)
    }

    enum Bars: Equatable, Sendable {
        case none, new, told
    }

    /// What a hand feels.
    public enum Touch: Equatable, Sendable {
        case success, warning
    }

    public internal(set) var phase = Phase.closed
    public internal(set) var wishes = Wishes()
    public internal(set) var device = DeviceReport()
    public internal(set) var camera = Camera.starting
    /// How it goes, and what the encoder has to make: the core's to say. Nothing before it has.
    public internal(set) var health: Health?
    public internal(set) var target: EncoderTarget?
    /// How warm the camera is; the phone's own warmth is among what the device reports.
    public internal(set) var warmth = DeviceReport.Warmth.nominal
    /// How near the camera can bring something.
    public internal(set) var zoomMost = 1.0
    public internal(set) var battery = Battery()
    /// How the phone is held now, and the shape that is sent.
    public internal(set) var heldUpright = true
    public internal(set) var sentUpright = true
    /// Whether viewers have seen bars: it is said the first time.
    var bars = Bars.none
    /// The End sheet is up.
    public internal(set) var asksToEnd = false
    /// The app is not in front.
    public internal(set) var away = false
    public internal(set) var figures: Figures?
    public internal(set) var failure: String?
    /// Sound goes on when the app is left. A person's setting.
    public var soundGoesOn = true

    public init() {}

    /// Takes what happened.
    public mutating func handle(_ input: Input, at now: Instant) -> [Effect] {
        switch input {
        case .open, .close, .goLive, .cancel, .isLive, .didNotGoLive: return start(input, now)
        case .askToEnd, .keepGoing, .end, .erase, .finished: return stop(input, now)
        case .microphone(let on):
            wishes.microphone = on
            return isLive ? [.say(on ? .saidMicrophoneOn : .saidMicrophoneOff)] : []
        case .camera(let on): wishes.camera = on
        case .front(let front):
            // The other camera begins as new.
            (wishes.front, wishes.zoom, wishes.sharp, zoomMost) = (front, 1, nil, 1)
        case .torch(let on): wishes.torch = on
        case .zoom(let factor): wishes.zoom = min(max(wishes.zoom * factor, 1), zoomMost)
        case .focus(let spot): wishes.sharp = Sharp(spot: spot, number: (wishes.sharp?.number ?? 0) + 1)
        case .device(let report): return take(report)
        case .film(let event): take(event)
        case .session(let event): return take(event)
        case .figures(let figures): self.figures = figures
        case .left: away = true
        case .returned: away = false
        case .tick: break
        }
        return []
    }

    public var isLive: Bool {
        if case .live = phase { true } else { false }
    }

    /// What the camera and the encoders have to do in this state.
    public var orders: FilmingOrders {
        var orders = FilmingOrders()
        orders.open = phase == .preview || isLive || isGoingLive
        orders.coding = isLive
        orders.camera = onAir == .everything
        orders.sound = soundIsSent
        (orders.front, orders.torch) = (wishes.front, wishes.torch)
        (orders.zoom, orders.sharp) = (wishes.zoom, wishes.sharp)
        orders.picture = target?.picture ?? Encoding.picture(upright: sentUpright)
        return orders
    }

    /// What viewers get; what they see instead of the picture is told by their own screens.
    public var onAir: OnAir {
        if away { return soundGoesOn ? .picturePaused : .nothing }
        if camera == .taken { return .picturePaused }
        return wishes.camera && target?.cameraOff != true && camera != .failed ? .everything : .cameraOff
    }

    /// What the core has to know of the phone.
    public func state(utcOffset: Int32) -> DeviceState {
        var report = device
        report.warmth = max(report.warmth, warmth)
        return report.state(live: isLive, play: .idle, utcOffset: utcOffset)
    }

    /// Whether viewers hear something.
    public var soundIsSent: Bool {
        wishes.microphone && !device.inCall && (!away || soundGoesOn)
    }

    /// Bars beside the scene, since the phone was turned for the first time.
    public var showsBars: Bool { isLive && bars == .new }

    private var isGoingLive: Bool {
        if case .goingLive = phase { true } else { false }
    }
}

extension BroadcastMachine {
    private mutating func start(_ input: Input, _ now: Instant) -> [Effect] {
        switch (input, phase) {
        case (.open, .closed), (.open, .ended):
            self = again()
            phase = .preview
        case (.close, .preview): phase = .closed
        case (.goLive, .preview) where device.path.reachable:
            (phase, failure) = (.goingLive(since: now), nil)
            return [.goLive]
        case (.cancel, .goingLive):
            phase = .preview
            return [.takeBack]
        case (.isLive, .goingLive):
            phase = .live(since: now)
            return [.say(.saidLive), .feel(.success)]
        case (.didNotGoLive(let why), .goingLive): (phase, failure) = (.preview, why)
        default: break
        }
        return []
    }

    private mutating func stop(_ input: Input, _ now: Instant) -> [Effect] {
        switch (input, phase) {
        case (.askToEnd, .live): asksToEnd = true
        case (.keepGoing, _): asksToEnd = false
        case (.end, .live(let since)):
            (asksToEnd, phase) = (false, .ended(seconds: Int((now - since).components.seconds)))
            return [.finish, .say(.endedHeading), .feel(.success)]
        case (.erase, .live):
            self = again()
            return [.erase, .say(.stopped), .feel(.success)]
        case (.finished(let figures), .live(let since)):
            // It has ended without anybody here saying so.
            self.figures = figures ?? self.figures
            (asksToEnd, phase) = (false, .ended(seconds: Int((now - since).components.seconds)))
            return [.say(.notLiveAnyMore), .feel(.warning)]
        case (.finished(let figures), .ended): self.figures = figures ?? self.figures
        default: break
        }
        return []
    }

    /// As new, but for what is true of the phone.
    private func again() -> Self {
        var new = Self()
        (new.device, new.heldUpright, new.sentUpright) = (device, heldUpright, heldUpright)
        (new.soundGoesOn, new.away) = (soundGoesOn, away)
        return new
    }

    private mutating func take(_ report: DeviceReport) -> [Effect] {
        let (callEnded, callBegan) = (device.inCall && !report.inCall, !device.inCall && report.inCall)
        device = report
        battery.take(report)
        guard isLive, wishes.microphone, callBegan || callEnded else { return [] }
        return [.say(callEnded ? .saidMicrophoneOn : .saidMicrophoneOff)]
    }

    private mutating func take(_ event: SessionEvent) -> [Effect] {
        switch event {
        case .health(let new):
            let lost = new.level == .lost && health?.level != .lost
            health = new
            return lost ? [.say(.reconnectingTitle), .feel(.warning)] : []
        case .encode(let new): target = new
        case .joined, .firstFrame, .stalled, .resumed, .notice, .state, .localNetwork, .ended: break
        }
        return []
    }

    private mutating func take(_ event: FilmingEvent) {
        switch event {
        case .running: camera = .running
        case .taken: camera = .taken
        case .failed: camera = .failed
        case .warmth(let warmth): self.warmth = warmth
        case .zooms(let most): (zoomMost, wishes.zoom) = (most, min(wishes.zoom, most))
        case .turned(let upright):
            heldUpright = upright
            if !isLive { sentUpright = upright }
            switch (upright != sentUpright, bars) {
            case (true, .none): bars = .new
            case (false, .new): bars = .told
            default: break
            }
        }
    }
}
