import ManyhandsCore

/// S8 and the hand row, as words: what this phone passes on, and what holds it back. The reason is
/// the core's; it changes when the core has confirmed it, and not when somebody taps.
public struct LendingScreen: Equatable, Sendable {
    /// The row's switch.
    public let isOn: Bool
    /// What is the case, and why.
    public let reason: String
    /// The first OK is awaited: the card is up.
    public let asks: Bool
    public let now: String?
    public let today: String
    public let month: String
    /// The row, spoken as one.
    public let spoken: String

    init(_ choice: LendingChoice, _ figures: Figures?, _ words: Words) {
        isOn = choice.agreed && (choice.onWifi || choice.onMobile)
        asks = !choice.agreed
        reason = Self.reason(figures, words) ?? Self.unasked(choice, words)
        let minute = figures?.sentPerMinute ?? 0
        now = minute == 0 ? nil : words(.rateMinute, ["size": words.size(minute)])
        today = Self.amounts(figures?.givenToday, figures?.meteredToday, words)
        month = Self.amounts(figures?.givenMonth, figures?.meteredMonth, words)
        let given = figures?.givenToday.map { words(.sizeToday, ["size": words.size($0)]) }
        let parts = [words(.hand), words(isOn ? .switchOn : .switchOff), reason, given]
        spoken = parts.compactMap { $0 }.joined(separator: ", ")
    }

    /// Before there is a session, what the person chose is all there is to say.
    private static func unasked(_ choice: LendingChoice, _ words: Words) -> String {
        guard choice.agreed else { return words(.reasonNotYet) }
        return words(choice.onWifi || choice.onMobile ? .reasonIdle : .reasonOff)
    }

    private static func amounts(_ given: UInt64?, _ metered: UInt64?, _ words: Words) -> String {
        guard let given, let metered else { return words(.counting) }
        let wifi = words.size(given - min(given, metered))
        return words(.amounts, ["wifi": wifi, "mobile": words.size(metered)])
    }

    /// The core's reason; nothing before it has told one.
    private static func reason(_ figures: Figures?, _ words: Words) -> String? {
        guard let figures, let reason = figures.lending else { return nil }
        guard reason == .lending, figures.helping > 0 else { return words(word(reason)) }
        return words(.reasonLending, count: Int(figures.helping))
    }

    private static func word(_ reason: LendingReason) -> Word {
        switch reason {
        case .lending: .reasonLendingSome
        case .ready: .reasonReady
        case .halfBattery: .reasonHalfBattery
        case .halfWarm: .reasonHalfWarm
        case .off: .reasonOff
        case .notYet: .reasonNotYet
        case .mobile: .reasonMobile
        case .roaming: .reasonRoaming
        case .dataSaver: .reasonDataSaver
        case .batteryLow: .reasonBatteryLow
        case .batterySaver: .reasonBatterySaver
        case .hot: .reasonHot
        case .dailyLimit: .reasonDailyLimit
        case .monthlyLimit: .reasonMonthlyLimit
        case .call: .reasonCall
        case .live: .reasonLive
        case .idle: .reasonIdle
        }
    }
}
