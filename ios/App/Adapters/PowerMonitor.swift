import ManyhandsKit
import UIKit

/// Battery, Low Power Mode and heat at one moment.
struct PowerState: Sendable {
    let battery: UInt8?
    let charging: Bool
    let lowPower: Bool
    let warmth: DeviceReport.Warmth

    func write(into report: inout DeviceReport) {
        (report.battery, report.charging) = (battery, charging)
        (report.lowPower, report.warmth) = (lowPower, warmth)
    }
}

/// Tells it whenever any of it changes.
final class PowerMonitor: Sendable {
    let states: AsyncStream<PowerState>

    init() {
        let (stream, tell) = AsyncStream.makeStream(of: PowerState.self)
        states = stream
        Task { @MainActor in
            UIDevice.current.isBatteryMonitoringEnabled = true
            tell.yield(Self.now())
            for name in [
                UIDevice.batteryLevelDidChangeNotification, UIDevice.batteryStateDidChangeNotification,
                .NSProcessInfoPowerStateDidChange, ProcessInfo.thermalStateDidChangeNotification,
            ] {
                _ = NotificationCenter.default.addObserver(forName: name, object: nil, queue: .main) { _ in
                    Task { @MainActor in _ = tell.yield(Self.now()) }
                }
            }
        }
    }

    @MainActor
    private static func now() -> PowerState {
        let device = UIDevice.current
        // -1 where it isn't known.
        let level = device.batteryLevel
        let percent = level < 0 ? nil : UInt8((min(level, 1) * 100).rounded())
        return PowerState(
            battery: percent, charging: device.batteryState != .unplugged,
            lowPower: ProcessInfo.processInfo.isLowPowerModeEnabled,
            warmth: warmth(ProcessInfo.processInfo.thermalState))
    }

    private static func warmth(_ state: ProcessInfo.ThermalState) -> DeviceReport.Warmth {
        switch state {
        case .nominal: .nominal
        case .fair: .fair
        case .serious: .serious
        case .critical: .critical
        @unknown default: .critical
        }
    }
}
