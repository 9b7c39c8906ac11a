import Filmed
import Foundation
import ManyhandsCore
import ManyhandsKit
import Testing

@Suite(.timeLimit(.minutes(1)), .serialized)
struct ClosingTests {
    let broadcasting: Broadcasting

    /// A broadcast of sound that is silent.
    init() throws {
        let none = Track(ticks: 48_000, configuration: Data(), units: [])
        var options = Film(picture: none, sound: none).goLive()
        options.video = nil
        broadcasting = try Broadcasting(options)
    }

    @Test func closingEndsEveryStreamWithin100Milliseconds() async throws {
        let watching = try Watching(join(broadcasting.link))
        let pictures = await pending(watching.pictures)
        let theirs = await pending(broadcasting.events)
        var events = watching.events.makeAsyncIterator()
        #expect(try await events.next() == .state(state: .joining))
        let began = ContinuousClock.now
        watching.close()
        broadcasting.close()
        #expect(try await pictures.value.isEmpty)
        _ = try await theirs.value
        while try await events.next() != nil {}
        #expect(ContinuousClock.now - began < .milliseconds(100))
    }

    @Test func aCancelledConsumerEndsAtOnceAndTheNextOneLosesNothing() async throws {
        let watching = try Watching(join(broadcasting.link))
        for try await event in watching.events where event == .state(state: .joining) { break }
        for try await event in watching.events {
            if case .joined = event { break }
        }
        let cancelled = await pending(watching.sounds)
        let began = ContinuousClock.now
        cancelled.cancel()
        #expect(try await cancelled.value.isEmpty)
        #expect(ContinuousClock.now - began < .milliseconds(100))
        let feeding = Task { try await feed() }
        let first = try #require(try await watching.sounds.first { _ in true })
        #expect(first.format != nil, "what describes the sound comes with its first unit")
        broadcasting.close()
        await #expect(throws: Failure.self) { try await feeding.value }
    }

    /// Somebody who waits for what does not come.
    private func pending<Element: Sendable>(
        _ stream: AsyncThrowingStream<Element, any Error>
    ) async -> Task<[Element], any Error> {
        let (begun, begin) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            begin.yield()
            return try await all(stream)
        }
        for await _ in begun { break }
        return task
    }

    /// Pushes sound as fast as it plays, until it is over.
    private func feed() async throws {
        for number in Int64(0)... {
            let times = Times(dts: number * 1024, pts: number * 1024, duration: 1024)
            try broadcasting.pushAudio(Data([0x21, UInt8(truncatingIfNeeded: number)]), times)
            try await Task.sleep(for: .microseconds(21_333))
        }
    }

    @Test func aFailureHasAKindAndAMessage() throws {
        do {
            _ = try Watching(join("abc"))
            Issue.record("a cut link was taken")
        } catch Failure.DamagedLink(let message) {
            #expect(message.contains("damaged"))
        }
        #expect(throws: Failure.self) {
            try broadcasting.pushVideo(Data([0, 0, 0, 9, 1]), Times(dts: 0, pts: 0, duration: 1))
        }
    }
}
