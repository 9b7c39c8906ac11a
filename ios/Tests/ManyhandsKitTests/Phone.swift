import Filmed
import Foundation
import ManyhandsCore
import Observation
import Synchronization

@testable import ManyhandsKit

/// What stands in for a phone's system: told what to report, and asked what it was told.
@MainActor
final class Phone {
    let filming: FilmCamera
    let screening = Wall()
    let reports = Reports()
    let permissions = Permissions()
    let nearby = Neighbourhood()
    let vault = Box()
    let drawer = Box()
    var host: String?

    init(_ film: Film? = nil) {
        filming = FilmCamera(film)
    }

    /// The app as it is after a start of its process.
    func start(ledger: String? = nil) -> AppModel {
        var system = System(
            filming: filming, screening: screening, reports: reports, permissions: permissions,
            nearby: nearby, vault: vault, drawer: drawer, ledger: ledger, host: host, languages: ["en"])
        (system.listen, system.dht) = (loopback, false)
        return AppModel(system)
    }
}

/// Waits until something holds that models show. The suite's time limit ends what never comes.
@MainActor
func until(_ holds: @MainActor () -> Bool) async {
    while !holds() {
        let (changes, changed) = AsyncStream.makeStream(of: Void.self)
        let already = withObservationTracking(holds) { changed.yield() }
        if already { return }
        for await _ in changes { break }
        // A change is told before it is made.
        await Task.yield()
    }
}

final class Box: Keeping {
    private let kept = Mutex<[String: Data]>([:])

    func read(_ name: String) -> Data? { kept.withLock { $0[name] } }
    func write(_ name: String, _ data: Data?) { kept.withLock { $0[name] = data } }
}

final class Reports: DeviceReporting {
    let reports: AsyncStream<DeviceReport>
    private let tell: AsyncStream<DeviceReport>.Continuation

    init() {
        (reports, tell) = AsyncStream.makeStream()
    }

    /// The phone is on Wi-Fi and charged, but for what is changed.
    func say(_ change: (inout DeviceReport) -> Void = { _ in }) {
        var report = DeviceReport()
        report.path = .init(kind: .wifi)
        change(&report)
        tell.yield(report)
    }
}

/// Answers of a person; `asked` counts the system's questions.
final class Permissions: Permitting {
    private let state = Mutex<(answers: [Permission: Answer], will: Answer, asked: Int)>(([:], .granted, 0))

    var asked: Int { state.withLock { $0.asked } }

    func set(_ permission: Permission, _ answer: Answer) {
        state.withLock { $0.answers[permission] = answer }
    }

    func willAnswer(_ answer: Answer) {
        state.withLock { $0.will = answer }
    }

    func answer(_ permission: Permission) async -> Answer {
        state.withLock { $0.answers[permission] ?? .notAsked }
    }

    func ask(_ permission: Permission) async -> Answer {
        state.withLock {
            let known = $0.answers[permission]
            $0.asked += known == nil ? 1 : 0
            let answer = known ?? $0.will
            $0.answers[permission] = answer
            return answer
        }
    }
}
