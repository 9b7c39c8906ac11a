/// When units are shown: the core's clock lets each unit go when it is due, and the renderer's clock
/// evens out what the way from there adds.
///
/// Invariant: pictures and sounds that were captured together are due together.
public struct PlaybackClock: Equatable, Sendable {
    /// How long a unit waits in the renderer: a decoder's time, and a scheduler's hiccup.
    static let leadUs: Int64 = 80_000
    /// Beyond these the clock is set anew. The core glides by 5 % at most, so it takes seconds.
    static let leastUs: Int64 = 10_000
    static let mostUs: Int64 = 250_000

    private var setting: ClockSetting?

    public init() {}

    /// When a unit is due that was captured at `capturedUs`, is decoded at `dts` and shown at `pts`
    /// (ticks of `timescale` a second), and was let go at `hostUs`.
    mutating func due(
        capturedUs: Int64, composition: Int64, timescale: UInt32, hostUs: Int64
    ) -> (atUs: Int64, clock: ClockSetting?) {
        let atUs = capturedUs + composition * 1_000_000 / Int64(max(timescale, 1))
        if let setting {
            let ahead = capturedUs - (setting.timeUs + hostUs - setting.hostUs)
            if (Self.leastUs...Self.mostUs).contains(ahead) { return (atUs, nil) }
        }
        let new = ClockSetting(timeUs: capturedUs - Self.leadUs, hostUs: hostUs)
        setting = new
        return (atUs, new)
    }

    /// Forgets the setting: the next unit sets the clock.
    mutating func reset() {
        setting = nil
    }
}
