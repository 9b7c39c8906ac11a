import ManyhandsCore
import ManyhandsKit
import Network

/// The network path as the system sees it.
final class PathMonitor: Sendable {
    let paths: AsyncStream<DeviceReport.Path>
    private let monitor = NWPathMonitor()

    init() {
        let (stream, tell) = AsyncStream.makeStream(of: DeviceReport.Path.self)
        paths = stream
        monitor.pathUpdateHandler = { tell.yield(Self.path($0)) }
        monitor.start(queue: DispatchQueue(label: "app.manyhands.path"))
    }

    deinit {
        monitor.cancel()
    }

    private static func path(_ path: NWPath) -> DeviceReport.Path {
        DeviceReport.Path(
            reachable: path.status == .satisfied, kind: kind(path), expensive: path.isExpensive,
            constrained: path.isConstrained, network: network(path))
    }

    /// Two networks by the same interface have other routers. What it says is compared and goes nowhere.
    private static func network(_ path: NWPath) -> String? {
        guard let first = path.availableInterfaces.first else { return nil }
        return ([first.name] + path.gateways.map { $0.debugDescription }).joined(separator: " ")
    }

    private static func kind(_ path: NWPath) -> NetworkKind {
        if path.usesInterfaceType(.wifi) { return .wifi }
        if path.usesInterfaceType(.wiredEthernet) { return .ethernet }
        return path.usesInterfaceType(.cellular) ? .mobile : .other
    }
}
