import ManyhandsCore

/// S3, as words: am I live, how many watch, is it going well, what does it cost me.
public struct LiveScreen: Equatable, Sendable {
    public let time: String
    public let timeSpoken: String
    public let viewers: String
    public let nobodyWatches: Bool
    /// How it goes; nothing before the core has said it.
    public let health: HealthChip?
    public let muted: Bool
    /// What stands over the picture when viewers don't see it.
    public let card: String?
    /// The worst of what is to be told; the others are in `notices`.
    public let banner: Notice?
    public let notices: [Notice]
    /// What left the phone. Nothing before the first figures.
    public let data: String?
    public let overMobile: Bool
    /// From 30 % down.
    public let battery: String?
    public let end: EndSheet?

    /// One word, its colour and icon, and its cause: they change together.
    public struct HealthChip: Equatable, Sendable {
        public let level: HealthLevel
        public let word: String
        public let spoken: String
    }

    /// The sheet over it that ends the broadcast.
    public struct EndSheet: Equatable, Sendable {
        public let title: String
        public let people: String
    }

    static let batteryShown: UInt8 = 30

    init(_ machine: BroadcastMachine, at now: ContinuousClock.Instant, _ words: Words) {
        var seconds = 0
        if case .live(let since) = machine.phase { seconds = max(0, Int((now - since).components.seconds)) }
        (time, timeSpoken) = (words.clock(seconds: seconds), words.spoken(seconds: seconds))
        let count = machine.figures?.viewers ?? 0
        viewers = words.viewers(count)
        nobodyWatches = count == 0
        health = machine.health.map { Self.chip($0, words) }
        muted = !machine.soundIsSent
        switch machine.onAir {
        case .everything: card = nil
        case .cameraOff: card = words(.cardCameraOff)
        case .picturePaused, .nothing: card = words(.pausedTitle)
        }
        notices = LiveNotices.all(machine, words)
        banner = notices.first
        data = machine.figures.map {
            words(.sent, ["size": words.size($0.sent), "rate": words.size($0.sentPerMinute)])
        }
        overMobile = machine.device.path.kind == .mobile
        battery = machine.device.battery.flatMap { percent in
            percent > Self.batteryShown ? nil : words(.battery, ["n": words.whole(Int(percent))])
        }
        let people = count == 0 ? words(.nobodyYet) : words(.endPeople, count: Int(count))
        end = machine.asksToEnd ? EndSheet(title: words(.endTitle), people: people) : nil
    }

    private static func chip(_ health: Health, _ words: Words) -> HealthChip {
        let word = words(self.word(health.level))
        let cause = health.cause.map { words(.spokenHealth, ["word": word, "cause": words(self.cause($0))]) }
        return HealthChip(level: health.level, word: word, spoken: cause ?? word)
    }

    private static func word(_ level: HealthLevel) -> Word {
        switch level {
        case .ready: .ready
        case .good: .good
        case .fair: .fair
        case .poor: .poor
        case .lost: .lost
        }
    }

    static func cause(_ cause: HealthCause) -> Word {
        switch cause {
        case .slowUpload: .causeSlowUpload
        case .loss: .causeLoss
        case .viewersMissing: .causeViewers
        case .heat: .causeHeat
        case .noAnswer: .causeNoAnswer
        case .noNetwork: .causeNoNetwork
        }
    }
}

/// S5, as words: it is over, and what it was.
public struct EndedScreen: Equatable, Sendable {
    public let heading: String
    public let length: String
    public let people: String
    public let data: String?
    /// How much of the time was good, and what was mostly the cause where that is little.
    public let good: String?
    public let reassurance: String

    static let goodEnough: UInt8 = 90

    init?(_ machine: BroadcastMachine, title: String, _ words: Words) {
        guard case .ended(let seconds) = machine.phase else { return nil }
        heading = words(.endedHeading)
        length = "\(title), \(words.length(seconds: seconds))"
        let most = machine.figures?.viewersMax ?? 0
        people = most == 0 ? words(.nobodyWatched) : words(.watchedAtMost, count: Int(most))
        data = machine.figures.map {
            let (wifi, mobile) = (words.size($0.sentUnmetered), words.size($0.sentMetered))
            return words(.sentKinds, ["wifi": wifi, "mobile": mobile])
        }
        good = machine.figures.flatMap { Self.good($0, words) }
        reassurance = words(.nobodySees)
    }

    private static func good(_ figures: Figures, _ words: Words) -> String? {
        guard let percent = figures.goodPercent else { return nil }
        let share = words.whole(Int(percent))
        guard percent < goodEnough, let cause = figures.mainCause else {
            return words(.goodShare, ["n": share])
        }
        return words(.goodShareCause, ["n": share, "cause": words(LiveScreen.cause(cause))])
    }
}
