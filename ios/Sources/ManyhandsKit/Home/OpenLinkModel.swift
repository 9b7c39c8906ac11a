import ManyhandsCore
import Observation

/// S9: a link that was pasted, typed or scanned. Only the core reads it; nothing is contacted for one
/// that is damaged.
@MainActor @Observable
public final class OpenLinkModel {
    /// What stands in the field.
    public var text: String { didSet { notOurs = false } }
    /// A code was read that isn't one of ours.
    public private(set) var notOurs = false
    private let words: Words

    init(_ words: Words, text: String) {
        (self.words, self.text) = (words, text)
    }

    /// The link is whole.
    public var canWatch: Bool { failure == nil }

    /// What is wrong with it; nothing while the field is empty.
    public var notice: Notice? {
        if notOurs { return Notice("not_ours", .fair, text: words(.notOurCode)) }
        guard !text.isEmpty, let failure else { return nil }
        return WatchNotice.link(failure, words)
    }

    private var failure: Failure? {
        do {
            _ = try inspectLink(text: text)
            return nil
        } catch {
            return error as? Failure ?? .DamagedLink(message: "\(error)")
        }
    }

    /// Takes what a camera or a picture showed; whether it is a link that can be watched.
    public func scanned(_ code: String) -> Bool {
        guard (try? inspectLink(text: code)) != nil else {
            notOurs = true
            return false
        }
        text = code
        return true
    }
}
