import CallKit
import Foundation

/// Whether a call is going on. Ringing is none.
final class CallMonitor: NSObject, CXCallObserverDelegate, @unchecked Sendable {
    let states: AsyncStream<Bool>
    private let tell: AsyncStream<Bool>.Continuation
    private let observer = CXCallObserver()

    override init() {
        (states, tell) = AsyncStream.makeStream()
        super.init()
        observer.setDelegate(self, queue: DispatchQueue(label: "app.manyhands.calls"))
        tell.yield(observer.calls.contains { $0.hasConnected && !$0.hasEnded })
    }

    func callObserver(_ callObserver: CXCallObserver, callChanged call: CXCall) {
        tell.yield(callObserver.calls.contains { $0.hasConnected && !$0.hasEnded })
    }
}
