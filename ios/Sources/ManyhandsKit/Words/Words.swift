import Foundation

/// The app's words in one language.
///
/// The same files are read on every system, so that what the tests show holds on a phone.
public struct Words: Sendable {
    /// Languages that there are words in; the first one stands in for all others.
    public static let languages = ["en", "de", "es"]

    /// How numbers, sizes and dates are written.
    public let locale: Locale
    private let texts: [String: String]

    /// Words in the first of the preferred languages (BCP 47) that there are words in.
    public init(_ preferred: [String] = Locale.preferredLanguages) {
        let known = preferred.first { Self.languages.contains(Self.base($0)) } ?? Self.languages[0]
        locale = Locale(identifier: known)
        texts = Self.read(Self.base(known))
    }

    /// A text without placeholders, or with these in their places.
    public func callAsFunction(_ word: Word, _ values: [String: String] = [:]) -> String {
        fill(texts[word.rawValue] ?? word.rawValue, values)
    }

    /// A text that depends on a number, which is its placeholder `{n}`.
    public func callAsFunction(_ word: Word, count: Int) -> String {
        let form = texts[Self.key(word, count: count)] ?? texts[word.rawValue] ?? word.rawValue
        return fill(form, ["n": count.formatted(.number.locale(locale))])
    }

    /// Unicode's plural rule for whole numbers (CLDR 45) is the same in all of our languages.
    private static func key(_ word: Word, count: Int) -> String {
        "\(word.rawValue).\(count == 1 ? "one" : "other")"
    }

    private func fill(_ text: String, _ values: [String: String]) -> String {
        values.reduce(text) { $0.replacingOccurrences(of: "{\($1.key)}", with: $1.value) }
    }

    private static func base(_ language: String) -> String {
        String(language.prefix { $0 != "-" && $0 != "_" }).lowercased()
    }

    /// All texts of a language by key, plural forms as `key.one` and `key.other`.
    static func read(_ language: String) -> [String: String] {
        guard
            let file = Bundle.module.url(
                forResource: "Localizable", withExtension: "strings", subdirectory: nil,
                localization: language),
            let data = try? Data(contentsOf: file),
            let list = try? PropertyListSerialization.propertyList(from: data, format: nil)
        else { return [:] }
        return list as? [String: String] ?? [:]
    }
}
