import Foundation
import ManyhandsKit

/// What the phone says about itself, put together from who says it.
final class PhoneReports: DeviceReporting, Sendable {
    let reports: AsyncStream<DeviceReport>
    private let path = PathMonitor()
    private let power = PowerMonitor()
    private let calls = CallMonitor()

    init() {
        let (path, power, calls) = (path, power, calls)
        let (stream, tell) = AsyncStream.makeStream(of: DeviceReport.self)
        reports = stream
        Task { @MainActor in
            var report = DeviceReport()
            let changes = Self.merge(path.paths, power.states, calls.states)
            for await change in changes {
                change(&report)
                tell.yield(report)
            }
        }
    }

    private typealias Change = @Sendable (inout DeviceReport) -> Void

    private static func merge(
        _ paths: AsyncStream<DeviceReport.Path>, _ powers: AsyncStream<PowerState>, _ calls: AsyncStream<Bool>
    ) -> AsyncStream<Change> {
        let (stream, changes) = AsyncStream.makeStream(of: Change.self)
        Task { for await path in paths { changes.yield { $0.path = path } } }
        Task { for await power in powers { changes.yield { power.write(into: &$0) } } }
        Task { for await inCall in calls { changes.yield { $0.inCall = inCall } } }
        return stream
    }
}
