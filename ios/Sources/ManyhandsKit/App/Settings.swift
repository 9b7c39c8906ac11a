import ManyhandsCore

/// What the person has chosen, kept on this phone.
public struct Settings: Codable, Equatable, Sendable {
    static let name = "settings"

    /// The first page was agreed to.
    public var agreedToRules = false
    public var lending = LendingChoice()
    /// When the app is left while live, sound goes on.
    public var soundGoesOn = true
    /// Technical state: when the broadcast that is running began, seconds of Unix time; nothing when
    /// none runs. It outlives the process, and so tells that one was cut off.
    public var liveSince: Double?

    public init() {}
}

/// What the person allows to be passed on.
public struct LendingChoice: Codable, Equatable, Sendable {
    /// The first OK has been given. Nothing is passed on before.
    public var agreed = false
    public var onWifi = true
    public var onMobile = false
    /// The most in a day, bytes; nothing for no limit.
    public var wifiDay: UInt64?
    public var mobileDay: UInt64 = 200_000_000

    /// What can be chosen, bytes a day; nothing for no limit.
    public static let wifiDays: [UInt64?] = [nil, 1_000_000_000, 2_000_000_000, 5_000_000_000]
    public static let mobileDays: [UInt64] = [100_000_000, 200_000_000, 500_000_000, 1_000_000_000]

    public init() {}

    var limits: LendingLimits {
        LendingLimits(
            agreed: agreed, unmetered: LendingOn(on: onWifi, dayBytes: wifiDay, monthBytes: nil),
            metered: LendingOn(on: onMobile, dayBytes: mobileDay, monthBytes: nil), rateBps: nil)
    }
}
