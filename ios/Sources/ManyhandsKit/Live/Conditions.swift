/// What bears on a broadcast, in parts.
extension BroadcastMachine {
    /// What the person has switched.
    public struct Wishes: Equatable, Sendable {
        public var microphone = true
        public var camera = true
        public var front = false
        public var torch = false
        public var zoom = 1.0
        public var sharp: Sharp?
    }

    /// The camera itself.
    public enum Camera: Equatable, Sendable {
        case starting, running, taken, failed
    }

    /// The battery's marks: each is told once, however it wobbles, until the phone was charged.
    public struct Battery: Equatable, Sendable {
        static let marks: [UInt8] = [20, 10, 5]

        /// The lowest mark that was passed, as long as it isn't charged.
        public private(set) var mark: UInt8?

        public init() {}

        mutating func take(_ report: DeviceReport) {
            guard let percent = report.battery, !report.charging else {
                mark = nil
                return
            }
            guard let passed = Self.marks.last(where: { percent <= $0 }) else { return }
            mark = min(mark ?? passed, passed)
        }
    }
}
