import Foundation
import ManyhandsKit
import Network

/// Bonjour: who carries a broadcast on the local network. It browses and registers nothing, since what the
/// system publishes of a phone has the phone's name in it.
final class BonjourSearch: Nearby {
    /// As the core's record has them.
    private static let service = "_manyhands._udp"
    private static let key = "m"
    /// `kDNSServiceErr_PolicyDenied` of dns_sd.h.
    private static let policyDenied: Int32 = -65_570

    func search(_ wanted: @escaping @Sendable (Data) -> Bool) -> AsyncStream<Sighting> {
        let (stream, tell) = AsyncStream.makeStream(of: Sighting.self)
        let queue = DispatchQueue(label: "app.manyhands.nearby")
        let browser = NWBrowser(for: .bonjourWithTXTRecord(type: Self.service, domain: nil), using: .udp)
        browser.stateUpdateHandler = { state in
            if case .waiting(.dns(let code)) = state, code == Self.policyDenied { tell.yield(.refused) }
        }
        browser.browseResultsChangedHandler = { _, changes in
            for change in changes {
                guard let result = Self.new(change), let mark = Self.mark(result), wanted(mark) else {
                    continue
                }
                Self.resolve(result.endpoint, on: queue) { tell.yield(.member($0)) }
            }
        }
        tell.onTermination = { _ in browser.cancel() }
        browser.start(queue: queue)
        return stream
    }

    /// What is there now and was not, or was another.
    private static func new(_ change: NWBrowser.Result.Change) -> NWBrowser.Result? {
        switch change {
        case .added(let result), .changed(_, let result, _): result
        case .removed, .identical: nil
        @unknown default: nil
        }
    }

    private static func mark(_ result: NWBrowser.Result) -> Data? {
        guard case .bonjour(let record) = result.metadata else { return nil }
        switch record.getEntry(for: key) {
        case .data(let data): return data
        // The same bytes, where they happen to be text.
        case .string(let text): return Data(text.utf8)
        default: return nil
        }
    }

    /// There is no other way to an address than a connection, through which nothing is sent.
    private static func resolve(
        _ endpoint: NWEndpoint, on queue: DispatchQueue, _ found: @escaping @Sendable (String) -> Void
    ) {
        let parameters = NWParameters.udp
        // Sessions listen at an address of IPv4.
        (parameters.defaultProtocolStack.internetProtocol as? NWProtocolIP.Options)?.version = .v4
        let connection = NWConnection(to: endpoint, using: parameters)
        connection.stateUpdateHandler = { state in
            switch state {
            case .ready:
                if let address = address(connection.currentPath?.remoteEndpoint) { found(address) }
                connection.cancel()
            case .waiting, .failed: connection.cancel()
            // It holds itself by this.
            case .cancelled: connection.stateUpdateHandler = nil
            default: break
            }
        }
        connection.start(queue: queue)
    }

    private static func address(_ endpoint: NWEndpoint?) -> String? {
        guard case .hostPort(.ipv4(let host), let port) = endpoint else { return nil }
        return host.rawValue.map { String($0) }.joined(separator: ".") + ":\(port.rawValue)"
    }
}
