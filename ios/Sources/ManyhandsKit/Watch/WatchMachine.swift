import ManyhandsCore

/// Somebody's broadcast on this phone, as a state machine: what happens goes in with its time, and
/// what has to be done comes out. It reads no clock and calls nothing.
///
/// Invariant: nothing plays, and nothing is passed on, that the person has paused or closed.
public struct WatchMachine: Equatable, Sendable {
    public typealias Instant = ContinuousClock.Instant

    public enum Phase: Equatable, Sendable {
        case joining(since: Instant)
        case waiting
        case playing
        /// The broadcaster has paused, or has only the camera off.
        case paused, cameraOff
        case broadcasterSilent(since: Instant)
        case cutOff, noNetwork
        /// With its length, milliseconds, where that is known.
        case ended(UInt64?)
        case revoked, unreachable
        /// Left by the person or because nothing is heard or seen any more.
        case closed
        /// It could not be joined, for a reason in the core's own words.
        case failed(Failure)
    }

    public enum Input: Equatable, Sendable {
        case session(SessionEvent)
        case over(Failure?)
        case figures(Figures)
        case device(DeviceReport)
        case screen(ScreenEvent)
        case play(Bool)
        /// To what is live.
        case toLive
        case sound(Bool)
        case left, returned, close, tryAgain
        case tick
    }

    /// What has to be done once; what holds for longer is in `orders`.
    public enum Effect: Equatable, Sendable {
        case join, leave
        /// Stand still, or go on where it stood.
        case stand(Bool)
        case toLive
        case say(Word)
    }

    public internal(set) var phase: Phase
    /// The person wants it to play, and to be heard.
    public internal(set) var wantsPlay = true
    public internal(set) var wantsSound = true
    public internal(set) var interrupted = false
    /// It stands because of the system, and not because somebody wanted to go on later.
    public internal(set) var goesOnAtLive = false
    public internal(set) var away = false
    public internal(set) var stalledSince: Instant?
    public internal(set) var decoderTries = 0
    public internal(set) var device = DeviceReport()
    public internal(set) var figures: Figures?

    static let decoderPatience = 3

    public init(at now: Instant) {
        phase = .joining(since: now)
    }

    public mutating func handle(_ input: Input, at now: Instant) -> [Effect] {
        switch input {
        case .session(let event): return take(event, now)
        case .over(let failure): return over(failure)
        case .figures(let figures): self.figures = figures
        case .device(let report): device = report
        case .screen(let event): return take(event)
        case .play(let on): return play(on)
        case .toLive:
            wantsPlay = true
            return [.toLive]
        case .sound(let on): wantsSound = on
        case .left, .returned, .close, .tryAgain: return come(input, now)
        case .tick: break
        }
        return []
    }

    /// What the decoders and renderers have to do in this state.
    public var orders: ScreenOrders {
        var orders = ScreenOrders()
        orders.plays = isPlaying
        orders.sound = wantsSound
        return orders
    }

    /// Whether something is to be seen or heard.
    public var isPlaying: Bool { wantsPlay && !interrupted && isRunning }

    /// What the core has to know: lending a hand runs only while something plays.
    public var play: PlayState { !isPlaying ? .idle : away ? .background : .foreground }

    /// Whether there is a session with the core.
    public var isRunning: Bool {
        switch phase {
        case .joining, .waiting, .playing, .paused, .cameraOff, .broadcasterSilent, .cutOff, .noNetwork: true
        case .ended, .revoked, .unreachable, .closed, .failed: false
        }
    }
}

extension WatchMachine {
    private mutating func take(_ event: SessionEvent, _ now: Instant) -> [Effect] {
        switch event {
        case .state(let state): return take(state, now)
        case .stalled: stalledSince = now
        case .resumed: stalledSince = nil
        case .ended(let reason, let ranMs): return end(reason, ranMs)
        case .joined, .firstFrame, .notice, .health, .encode, .localNetwork: break
        }
        return []
    }

    private mutating func take(_ state: WatchState, _ now: Instant) -> [Effect] {
        guard isRunning else { return [] }
        let trouble = isTrouble
        switch state {
        case .joining: phase = .joining(since: now)
        case .waiting: phase = .waiting
        case .playing: (phase, stalledSince) = (.playing, nil)
        case .paused: phase = .paused
        case .cameraOff: phase = .cameraOff
        case .broadcasterSilent: phase = .broadcasterSilent(since: now)
        case .cutOff: phase = .cutOff
        case .noNetwork: phase = .noNetwork
        }
        if trouble, phase == .playing { return [.say(.backAgain)] }
        guard !trouble else { return [] }
        switch phase {
        case .broadcasterSilent: return [.say(.broadcasterSilentTitle)]
        case .cutOff: return [.say(.cutOffTitle)]
        case .noNetwork: return [.say(.noNetworkTitle)]
        default: return []
        }
    }

    private var isTrouble: Bool {
        switch phase {
        case .broadcasterSilent, .cutOff, .noNetwork: true
        default: false
        }
    }

    private mutating func end(_ reason: EndReason, _ ranMs: UInt64?) -> [Effect] {
        guard isRunning else { return [] }
        switch reason {
        case .finished: phase = .ended(ranMs)
        case .revoked: phase = .revoked
        case .unreachable: phase = .unreachable
        }
        return reason == .finished ? [.say(.endedTitle)] : []
    }

    /// The session is over; where it has told why, that stands.
    private mutating func over(_ failure: Failure?) -> [Effect] {
        guard isRunning else { return [] }
        switch failure {
        case .Revoked: return end(.revoked, nil)
        case .Unreachable: return end(.unreachable, nil)
        case .none, .Ended: return end(.finished, nil)
        case .some(let other): phase = .failed(other)
        }
        return []
    }

    /// Goes on where it stood; after what the system stopped, at live.
    private mutating func play(_ on: Bool) -> [Effect] {
        guard on != wantsPlay else { return [] }
        let atLive = on && goesOnAtLive
        (wantsPlay, goesOnAtLive) = (on, false)
        return atLive ? [.toLive] : [.stand(!on)]
    }

    private mutating func take(_ event: ScreenEvent) -> [Effect] {
        switch event {
        case .decoderFailed: decoderTries += 1
        case .recovered: decoderTries = 0
        case .headphonesOut:
            guard wantsPlay else { return [] }
            (wantsPlay, goesOnAtLive) = (false, true)
            return [.stand(true)]
        case .interrupted(let on):
            guard on != interrupted else { return [] }
            interrupted = on
            return !wantsPlay ? [] : on ? [.stand(true)] : [.toLive]
        case .smallPicture(let up):
            guard !up, away, isRunning else { return [] }
            (phase, wantsPlay) = (.closed, false)
            return [.leave]
        }
        return []
    }

    private mutating func come(_ input: Input, _ now: Instant) -> [Effect] {
        switch input {
        case .left:
            away = true
            // Nothing is seen or heard, so nothing has to run.
            guard isRunning, !isPlaying, !interrupted else { return [] }
            phase = .closed
            return [.leave]
        case .returned:
            away = false
            guard phase == .closed else { return [] }
            phase = .joining(since: now)
            return wantsPlay ? [.join] : [.join, .stand(true)]
        case .close:
            guard isRunning else { return [] }
            phase = .closed
            return [.leave]
        case .tryAgain:
            (phase, wantsPlay, decoderTries) = (.joining(since: now), true, 0)
            return [.leave, .join]
        default: return []
        }
    }
}

extension Failure {
    /// For a person.
    var message: String {
        switch self {
        case .DamagedLink(let message), .NewerLink(let message), .BadOptions(let message),
            .BadUnit(let message), .Dropped(let message), .Ended(let message), .Network(let message),
            .Unreachable(let message), .Revoked(let message):
            message
        }
    }
}
