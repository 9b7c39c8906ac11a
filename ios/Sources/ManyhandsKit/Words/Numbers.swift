import Foundation

/// Numbers as people read them: no rate a second, no bits, nothing more exact than it helps.
extension Words {
    /// Whole megabytes under 1,000 MB, then gigabytes with one digit (1 GB = 1,000 MB).
    public func size(_ bytes: UInt64) -> String {
        let megabytes = Double(bytes) / 1e6
        if megabytes.rounded() < 1000 { return "\(whole(Int(megabytes.rounded()))) MB" }
        let digits = FloatingPointFormatStyle<Double>.number.precision(.fractionLength(1)).locale(locale)
        return "\((megabytes / 1000).formatted(digits)) GB"
    }

    /// How many people watch: exact to 999, then two digits.
    public func viewers(_ count: UInt64) -> String {
        if count == 0 { return self(.nobodyYet) }
        guard count > 999 else { return self(.watching, count: Int(count)) }
        let scale = pow(10, (log10(Double(count))).rounded(.down) - 1)
        let rounded = Int((Double(count) / scale).rounded() * scale)
        let about = self(.about, ["n": whole(rounded)])
        return self(.watching, count: rounded).replacingOccurrences(of: whole(rounded), with: about)
    }

    /// A running time as a clock has it: 12:41, or 1:02:03.
    public func clock(seconds: Int) -> String {
        let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60)
        func two(_ part: Int) -> String { part < 10 ? "0\(part)" : "\(part)" }
        return hours > 0 ? "\(hours):\(two(minutes)):\(two(rest))" : "\(minutes):\(two(rest))"
    }

    /// The same to be spoken: 12 minutes 41 seconds.
    public func spoken(seconds: Int) -> String {
        let parts = [(Word.hours, seconds / 3600), (.minutes, seconds / 60 % 60), (.seconds, seconds % 60)]
        let said = parts.filter { $0.1 > 0 }.map { self($0.0, count: $0.1) }
        return said.isEmpty ? self(.seconds, count: 0) : said.joined(separator: " ")
    }

    /// A length that is over, in whole minutes: 48 minutes, or 1 hour 2 minutes.
    public func length(seconds: Int) -> String {
        seconds < 60 ? spoken(seconds: seconds) : spoken(seconds: seconds / 60 * 60)
    }

    /// A delay in whole seconds.
    public func delay(milliseconds: Int64) -> String {
        guard milliseconds >= 1000 else { return self(.underSecond) }
        return self(.shortSeconds, ["n": whole(Int((milliseconds + 500) / 1000))])
    }

    /// A number with the language's digits and marks.
    public func whole(_ number: Int) -> String {
        number.formatted(.number.locale(locale))
    }
}
