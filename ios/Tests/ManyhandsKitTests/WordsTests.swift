import Foundation
import Testing

@testable import ManyhandsKit

@Suite struct WordsTests {
    @Test(arguments: Words.languages)
    func everyWordIsThereInEveryLanguageAndNoneIsLeftOver(_ language: String) {
        let texts = Words.read(language)
        for word in Word.allCases {
            let plain = texts[word.rawValue] != nil
            let forms = ["one", "other"].filter { texts["\(word.rawValue).\($0)"] != nil }
            #expect(plain ? forms.isEmpty : forms.count == 2, "\(language): \(word.rawValue)")
        }
        let known = Set(Word.allCases.map(\.rawValue))
        for key in texts.keys {
            #expect(known.contains(String(key.prefix { $0 != "." })), "\(language): \(key) is nobody's")
        }
    }

    @Test(arguments: Words.languages)
    func placeholdersStayWholeInEveryLanguage(_ language: String) throws {
        let english = Words.read("en")
        for (key, text) in Words.read(language) {
            let original = try #require(english[key], "\(language): \(key) is not in English")
            #expect(placeholders(text) == placeholders(original), "\(language): \(key)")
            #expect(!text.isEmpty && text == text.trimmingCharacters(in: .whitespaces), "\(language): \(key)")
        }
    }

    private func placeholders(_ text: String) -> [String] {
        text.matches(of: /\{[a-z]+\}|[{}]/).map { String($0.output) }.sorted()
    }

    @Test func theFirstPreferredLanguageThatThereIsIsTaken() {
        #expect(Words(["de-AT", "en"])(.goLive) == "Live gehen")
        #expect(Words(["fr-FR", "es-MX", "en"])(.goLive) == "Emitir en directo")
        #expect(Words(["ja"])(.goLive) == "Go live")
    }

    @Test func numbersAreSaidAsPeopleReadThem() {
        let (english, german) = (Words(["en"]), Words(["de"]))
        #expect(english.size(412_300_000) == "412 MB")
        #expect(english.size(999_400_000) == "999 MB")
        #expect(english.size(999_500_000) == "1.0 GB")
        #expect(german.size(1_240_000_000) == "1,2 GB")
        #expect(english.clock(seconds: 761) == "12:41")
        #expect(english.clock(seconds: 3_723) == "1:02:03")
        #expect(english.spoken(seconds: 761) == "12 minutes 41 seconds")
        #expect(german.spoken(seconds: 61) == "1 Minute 1 Sekunde")
        #expect(english.length(seconds: 2_910) == "48 minutes")
        #expect(english.delay(milliseconds: 999) == "under 1 s")
        #expect(english.delay(milliseconds: 2_600) == "3 s")
    }

    @Test("B9: viewers are said exactly to 999, then about")
    func b9() {
        let (english, german, spanish) = (Words(["en"]), Words(["de"]), Words(["es"]))
        #expect(english.viewers(0) == "Nobody is watching yet")
        #expect(english.viewers(1) == "1 watching")
        #expect(english.viewers(999) == "999 watching")
        #expect(english.viewers(1_234) == "about 1,200 watching")
        #expect(german.viewers(1) == "1 schaut zu")
        #expect(german.viewers(12_780) == "etwa 13.000 schauen zu")
        #expect(spanish.viewers(1_234_567).hasPrefix("unas 1.2"))
    }
}
