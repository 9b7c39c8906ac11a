import ManyhandsCore

/// What Apple's systems say about the phone, raw, whenever any of it changes. What it means is the
/// core's to decide.
public struct DeviceReport: Equatable, Sendable {
    /// How the phone reaches others, as a network path tells it.
    public struct Path: Equatable, Sendable {
        public var reachable = true
        public var kind = NetworkKind.other
        /// Bytes cost: mobile data, a personal hotspot.
        public var expensive = false
        /// Low Data Mode is on, or the path is as narrow as a satellite's.
        public var constrained = false
        /// Tells one network from another, and says nothing else; nothing where it isn't known.
        public var network: String?

        public init(
            reachable: Bool = true, kind: NetworkKind = .other, expensive: Bool = false,
            constrained: Bool = false, network: String? = nil
        ) {
            (self.reachable, self.kind, self.network) = (reachable, kind, network)
            (self.expensive, self.constrained) = (expensive, constrained)
        }
    }

    /// How warm the phone or its camera is: the five of the camera's pressure, whose first four the
    /// phone has too.
    public enum Warmth: Int, Comparable, Sendable {
        case nominal, fair, serious, critical, shutdown

        public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
    }

    public var path = Path()
    /// 0 to 100; nothing where it isn't known.
    public var battery: UInt8?
    public var charging = true
    public var lowPower = false
    public var warmth = Warmth.nominal
    public var inCall = false

    public init() {}

    /// The same for the core. Roaming is left out: iOS tells it to nobody.
    public func state(live: Bool, play: PlayState, utcOffset: Int32) -> DeviceState {
        DeviceState(
            network: path.reachable ? path.kind : .offline, metered: path.expensive, roaming: false,
            dataSaver: path.constrained,
            batteryPercent: battery, charging: charging, batterySaver: lowPower, heat: heat,
            inCall: inCall, live: live, play: play, utcOffsetS: utcOffset)
    }

    private var heat: Heat {
        switch warmth {
        case .nominal, .fair: .normal
        case .serious: .moderate
        case .critical: .severe
        case .shutdown: .critical
        }
    }
}

/// Where the reports come from.
public protocol DeviceReporting: Sendable {
    /// The report of now at once, then one whenever something changes. For one consumer.
    var reports: AsyncStream<DeviceReport> { get }
}
