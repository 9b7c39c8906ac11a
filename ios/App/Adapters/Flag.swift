import Foundation

/// A flag that threads share.
final class Flag: @unchecked Sendable {
    private let lock = NSLock()
    private var raised = false

    var isRaised: Bool { lock.withLock { raised } }

    func set(_ on: Bool) {
        lock.withLock { raised = on }
    }

    /// Whether it was raised until now.
    func lower() -> Bool {
        lock.withLock {
            defer { raised = false }
            return raised
        }
    }
}
