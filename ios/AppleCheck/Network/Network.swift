// Stands in for Network.
@_exported import Foundation

public struct NWInterface: Sendable {
    public enum InterfaceType: Sendable { case other, wifi, cellular, wiredEthernet, loopback }
    public var name: String { fatalError() }
}
public struct IPv4Address: Sendable {
    public var rawValue: Data { fatalError() }
}
public enum NWEndpoint: Sendable, CustomDebugStringConvertible {
    public enum Host: Sendable { case name(String, NWInterface?), ipv4(IPv4Address) }
    public struct Port: Sendable {
        public var rawValue: UInt16 { fatalError() }
    }
    case hostPort(host: Host, port: Port)
    case unix(path: String)
    public var debugDescription: String { fatalError() }
}
public struct NWPath: Sendable {
    public enum Status: Sendable { case satisfied, unsatisfied, requiresConnection }
    public var status: Status { fatalError() }
    public var isExpensive: Bool { fatalError() }
    public var isConstrained: Bool { fatalError() }
    public var availableInterfaces: [NWInterface] { fatalError() }
    public var gateways: [NWEndpoint] { fatalError() }
    public var remoteEndpoint: NWEndpoint? { fatalError() }
    public func usesInterfaceType(_ type: NWInterface.InterfaceType) -> Bool { fatalError() }
}
public final class NWPathMonitor: Sendable {
    public init() {}
    public var pathUpdateHandler: (@Sendable (NWPath) -> Void)? {
        get { fatalError() }
        set {}
    }
    public func start(queue: DispatchQueue) {}
    public func cancel() {}
}

public typealias DNSServiceErrorType = Int32
public enum NWError: Error, Sendable { case posix(POSIXErrorCode), dns(DNSServiceErrorType), tls(Int32) }
open class NWProtocolOptions {}
public class NWProtocolIP {
    public class Options: NWProtocolOptions {
        public enum Version: Sendable { case any, v4, v6 }
        public var version: Version { get { fatalError() } set {} }
    }
}
public class NWParameters: @unchecked Sendable {
    public class ProtocolStack {
        public var internetProtocol: NWProtocolOptions? { get { fatalError() } set {} }
    }
    public class var udp: NWParameters { fatalError() }
    public var defaultProtocolStack: ProtocolStack { fatalError() }
}
public struct NWTXTRecord: Sendable {
    public enum Entry: Sendable { case none, empty, string(String), data(Data) }
    public func getEntry(for key: String) -> Entry? { fatalError() }
}
public final class NWBrowser: @unchecked Sendable {
    public enum Descriptor: Sendable { case bonjourWithTXTRecord(type: String, domain: String?) }
    public enum State: Sendable { case setup, ready, failed(NWError), cancelled, waiting(NWError) }
    public struct Result: Hashable, Sendable {
        public enum Metadata: Sendable { case none, bonjour(NWTXTRecord) }
        public enum Change: Hashable, Sendable {
            public struct Flags: OptionSet, Hashable, Sendable {
                public let rawValue: Int
                public init(rawValue: Int) { self.rawValue = rawValue }
            }
            case identical, added(Result), removed(Result)
            indirect case changed(old: Result, new: Result, flags: Flags)
        }
        public var endpoint: NWEndpoint { fatalError() }
        public var metadata: Metadata { fatalError() }
        public static func == (one: Self, other: Self) -> Bool { fatalError() }
        public func hash(into hasher: inout Hasher) {}
    }
    public init(for descriptor: Descriptor, using parameters: NWParameters) {}
    public var stateUpdateHandler: (@Sendable (State) -> Void)? { get { fatalError() } set {} }
    public var browseResultsChangedHandler: (@Sendable (Set<Result>, Set<Result.Change>) -> Void)? {
        get { fatalError() }
        set {}
    }
    public func start(queue: DispatchQueue) {}
    public func cancel() {}
}
public final class NWConnection: @unchecked Sendable {
    public enum State: Sendable { case setup, waiting(NWError), preparing, ready, failed(NWError), cancelled }
    public init(to endpoint: NWEndpoint, using parameters: NWParameters) {}
    public var stateUpdateHandler: (@Sendable (State) -> Void)? { get { fatalError() } set {} }
    public var currentPath: NWPath? { fatalError() }
    public func start(queue: DispatchQueue) {}
    public func cancel() {}
}
