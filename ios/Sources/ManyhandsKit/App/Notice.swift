/// A thing worth a sentence, with what can be done about it.
public struct Notice: Equatable, Sendable, Identifiable {
    /// How much it asks for attention, as a colour and an icon tell it.
    public enum Level: Int, Comparable, Sendable {
        case plain, fair, poor

        public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
    }

    /// A button; what it does is its screen's to know.
    public enum Action: String, Sendable {
        case openSettings, tryAgain, tryNow, close, update, pasteAgain, scanCode, lendAHand, soundOnly
        case pictureOnly, useCameraAgain, end, goLiveAgain, dismiss, cancel, invite, proceed, goLive

        /// Its words.
        public var word: Word {
            switch self {
            case .lendAHand: .hand
            default: Word(rawValue: rawValue) ?? .close
            }
        }
    }

    /// The kind's name, as every part of the system calls it.
    public let kind: String
    public let level: Level
    public let title: String
    public let text: String
    public let actions: [Action]

    public var id: String { kind }

    public init(
        _ kind: String, _ level: Level = .plain, title: String = "", text: String = "",
        actions: [Action] = []
    ) {
        (self.kind, self.level, self.title, self.text) = (kind, level, title, text)
        self.actions = actions
    }
}
