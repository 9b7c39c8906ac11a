import Foundation
import ManyhandsCore

/// S1, as words.
public struct HomeScreen: Equatable, Sendable {
    /// "You are live, 12 watching", while a broadcast of this phone runs.
    public let live: String?
    /// A broadcast was cut off with the process.
    public let interrupted: Notice?
    public let handIsOn: Bool
    public let handText: String

    init(
        _ machine: BroadcastMachine, cutOff: Double?, choice: LendingChoice, given: GivenSoFar?,
        _ words: Words
    ) {
        let viewers = words.viewers(machine.figures?.viewers ?? 0)
        live = machine.isLive ? "\(words(.youAreLive)), \(viewers)" : nil
        interrupted = machine.isLive ? nil : cutOff.map { Self.interrupted($0, words) }
        let lending = LendingScreen(choice, nil, words)
        let today = given?.today.map { words(.sizeToday, ["size": words.size($0)]) }
        handIsOn = lending.isOn
        handText = [lending.reason, today].compactMap { $0 }.joined(separator: ", ")
    }

    private static func interrupted(_ since: Double, _ words: Words) -> Notice {
        let style = Date.FormatStyle(time: .shortened).locale(words.locale)
        let time = Date(timeIntervalSince1970: since).formatted(style)
        return Notice(
            "interrupted", .fair, title: words(.interruptedTitle),
            text: words(.interruptedText, ["time": time]), actions: [.goLiveAgain, .dismiss])
    }
}
