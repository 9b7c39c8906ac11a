import ManyhandsCore

/// S6, as words: a picture, and beside it only what is asked for.
public struct WatchScreen: Equatable, Sendable {
    /// The LIVE badge.
    public enum Badge: Equatable, Sendable {
        case none, live, behind, paused
    }

    public let badge: Badge
    public let badgeText: String
    public let badgeSpoken: String
    public let viewers: String?
    /// A small pill over the picture.
    public let pill: String?
    /// S7, over the dimmed last picture.
    public let state: Notice?
    /// The last picture must not be seen any more.
    public let hidesPicture: Bool
    public let plays: Bool
    public let sound: Bool
    /// On mobile data: what watching uses.
    public let uses: String?

    init(_ machine: WatchMachine, at now: ContinuousClock.Instant, _ words: Words) {
        let figures = machine.figures
        state = WatchNotice.state(machine, at: now, words)
        hidesPicture = machine.phase == .revoked
        (plays, sound) = (machine.wantsPlay, machine.wantsSound)
        viewers = figures.flatMap { $0.viewers == 0 ? nil : words.viewers($0.viewers) }
        pill = machine.stalledSince == nil || state != nil ? nil : words(.catchingUp)
        let minute = machine.device.path.expensive ? figures?.receivedPerMinute : nil
        uses = minute.flatMap { $0 == 0 ? nil : words(.watchingUses, ["size": words.size($0)]) }
        badge = Self.badge(machine)
        func seconds(_ milliseconds: Int64?) -> Int { Int((max(0, milliseconds ?? 0) + 500) / 1000) }
        switch badge {
        case .none: (badgeText, badgeSpoken) = ("", "")
        case .paused: (badgeText, badgeSpoken) = (words(.pausedBadge), words(.pausedBadge))
        case .behind:
            let behind = seconds(figures?.behindMs)
            badgeText = words(.behindLive, ["n": words.whole(behind)])
            badgeSpoken = words(.behindLiveSpoken, count: behind)
        case .live:
            let latency = figures?.latencyMs ?? 0
            badgeText = "\(words(.live)) \(words.delay(milliseconds: latency))"
            badgeSpoken = words(.liveSpoken, count: seconds(latency))
        }
    }

    private static func badge(_ machine: WatchMachine) -> Badge {
        guard machine.phase == .playing else { return .none }
        guard machine.wantsPlay else { return .paused }
        guard machine.figures?.behindMs == nil else { return .behind }
        return machine.figures?.latencyMs == nil ? .none : .live
    }
}
