import ManyhandsCore

/// S4, as words: an invitation, to be shown, shared and copied.
public struct InviteScreen: Equatable, Sendable {
    /// Exactly one whole link; tappable in a chat where there is a web address.
    public let link: String
    /// What is handed to a chat.
    public let shareText: String
    public let explanation: String
    /// Without a web address a chat may not make it tappable.
    public let advice: String?
    public let code: Code

    /// The code that a camera reads: rows from the top left.
    public struct Code: Equatable, Sendable {
        public let side: Int
        /// The black squares, each by its place in the rows.
        public let black: [Int]
    }

    /// From a link in any of its forms; nothing when it can't be read.
    public init?(_ text: String, host: String?, _ words: Words) {
        guard let forms = try? shareForms(link: text, host: host) else { return nil }
        link = forms.link
        shareText = words(.shareText, ["link": forms.link])
        explanation = "\(words(.anyoneWithLink)). \(words(.oneLinkForAll))"
        advice = forms.tappable ? nil : words(.linkNotTappable)
        code = Code(
            side: Int(forms.codeSide), black: forms.code.enumerated().filter { $0.element == 1 }.map(\.offset)
        )
    }
}
