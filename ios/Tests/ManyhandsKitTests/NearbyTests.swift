import Filmed
import Foundation
import ManyhandsCore
import Synchronization
import Testing

@testable import ManyhandsKit

/// A local network in a test's hands.
final class Neighbourhood: Nearby {
    /// Each beginning and each end of a search.
    let searches: AsyncStream<Bool>
    private let told: AsyncStream<Bool>.Continuation
    private let search = Mutex<Search?>(nil)

    private struct Search: Sendable {
        let tell: AsyncStream<Sighting>.Continuation
        let wanted: @Sendable (Data) -> Bool
    }

    init() {
        (searches, told) = AsyncStream.makeStream()
    }

    func search(_ wanted: @escaping @Sendable (Data) -> Bool) -> AsyncStream<Sighting> {
        let (stream, tell) = AsyncStream.makeStream(of: Sighting.self)
        tell.onTermination = { [told] _ in told.yield(false) }
        let new = Search(tell: tell, wanted: wanted)
        search.withLock { $0 = new }
        told.yield(true)
        return stream
    }

    func says(_ sighting: Sighting) {
        _ = search.withLock { $0?.tell.yield(sighting) }
    }

    func wants(_ mark: Data) -> Bool {
        let search = search.withLock { $0 }
        return search?.wanted(mark) ?? false
    }
}

@Suite struct HomeNetworkTests {
    @Test("home is what was said of this network, and is forgotten with it")
    func home() {
        let wifi = DeviceReport.Path(kind: .wifi)
        var home = HomeNetwork()
        home.say(true, on: .init(kind: .mobile, expensive: true))
        #expect(!home.isHome, "an operator's network is nobody's home")
        home.say(true, on: wifi)
        home.handle(wifi, moved: false)
        #expect(home.isHome)
        home.handle(wifi, moved: true)
        #expect(!home.isHome)
        for gone in [DeviceReport.Path(reachable: false, kind: .wifi), .init(kind: .mobile)] {
            home.say(true, on: wifi)
            home.handle(gone, moved: false)
            #expect(!home.isHome)
        }
    }
}

extension OverSockets {
    /// From the switch to the core, from there to the system's search, and what it finds back again.
    @MainActor @Suite(.timeLimit(.minutes(1)))
    struct NearbyTests {
        private func phone(in network: String) async -> (Phone, AppModel) {
            let phone = Phone()
            let app = phone.start()
            move(phone, to: network)
            await until { app.device.path.network == network }
            return (phone, app)
        }

        private func move(_ phone: Phone, to network: String) {
            phone.reports.say { ($0.path.kind, $0.path.network) = (.wifi, network) }
        }

        @Test("what is found nearby is played, and nothing is searched for outside of home")
        func found() async throws {
            let folder = try Folder()
            let channel = Box()
            let film = FilmCamera(try Film.make(folder.file("film.mp4"), seconds: 20))
            let model = BroadcastModel(film, OwnChannel(channel), Words(["en"]), listen: loopback, dht: false)
            model.send(.device(DeviceReport(unreachable: false)))
            model.send(.open)
            model.send(.goLive)
            await until { model.machine.isLive }
            let link = try #require(model.link)
            let address = try #require(try inspectLink(text: link).hints.first)

            let (phone, app) = await phone(in: "one")
            var searches = phone.nearby.searches.makeAsyncIterator()
            // A link from before the broadcast: it names nobody.
            app.open(try OwnChannel(channel).link())
            #expect(app.isHome == false)
            app.callHome(true)
            #expect(await searches.next() == true)
            #expect(!phone.nearby.wants(Data(count: 16)), "the mark of nobody")
            phone.nearby.says(.member("nowhere"))
            phone.nearby.says(.member(address))
            await until { app.watch?.machine.phase == .playing }
            move(phone, to: "another")
            await until { app.isHome == false }
            #expect(await searches.next() == false)
            app.home()
            model.send(.end)
        }

        @Test("a search that is refused says so where it was switched on, and stops with the session")
        func refused() async throws {
            let (phone, app) = await phone(in: "one")
            var searches = phone.nearby.searches.makeAsyncIterator()
            app.callHome(true)
            app.open(try OwnChannel(Box()).link())
            #expect(await searches.next() == true)
            phone.nearby.says(.refused)
            await until { app.watch?.nearbyNotice?.kind == "refused_nearby" }
            #expect(app.watch?.nearbyNotice?.actions == [.openSettings])
            app.callHome(false)
            #expect(await searches.next() == false)
            await until { app.watch?.nearbyNotice == nil }
            app.callHome(true)
            #expect(await searches.next() == true)
            app.home()
            #expect(await searches.next() == false)
            #expect(phone.start().isHome != true, "it does not outlive the process")
        }
    }
}
