/// A pull of the core as streams: one thing is asked for when the consumer wants one, so that a slow
/// consumer holds up nobody but itself.
///
/// A task that is cancelled here can't take back its call to the core. So the call stays, and what it
/// brings is for the next consumer: a cancelled consumer ends at once, and nothing is lost. One
/// consumer at a time.
actor Pull<Element: Sendable> {
    private let call: @Sendable () async throws -> Element?
    private var waiting: Task<Element?, any Error>?

    init(_ call: @escaping @Sendable () async throws -> Element?) {
        self.call = call
    }

    /// The rest of what is pulled. Ends when it is over, and when the consuming task is cancelled.
    nonisolated var stream: AsyncThrowingStream<Element, any Error> {
        AsyncThrowingStream { try await self.next() }
    }

    private func next() async throws -> Element? {
        let call = call
        let task = waiting ?? Task { try await call() }
        waiting = task
        let (results, box) = AsyncStream.makeStream(of: Result<Element?, any Error>.self)
        Task {
            let result = await task.result
            box.yield(result)
            box.finish()
        }
        // A stream's consumer is woken by cancellation; one that awaits a task's value is not.
        for await result in results {
            waiting = nil
            return try result.get()
        }
        return nil
    }
}
