// Stands in for CallKit. The delegate's method is required here, so that a misspelt one is found.
@_exported import Foundation

open class CXCall: NSObject {
    public var hasConnected: Bool { fatalError() }
    public var hasEnded: Bool { fatalError() }
}
public protocol CXCallObserverDelegate: NSObjectProtocol {
    func callObserver(_ callObserver: CXCallObserver, callChanged call: CXCall)
}
open class CXCallObserver: NSObject {
    public var calls: [CXCall] { fatalError() }
    public func setDelegate(_ delegate: (any CXCallObserverDelegate)?, queue: DispatchQueue?) {}
}
