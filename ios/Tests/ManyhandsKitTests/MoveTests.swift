import Filmed
import Foundation
import Testing

@testable import ManyhandsKit

/// When the phone stands in another network.
@Suite struct MovesTests {
    @Test("another network is a move, and the same after none; the first and the same one are none")
    func moves() {
        var moves = Moves()
        let seen = ["wifi", "wifi", "mobile", nil, "mobile", "mobile"].map { network in
            moves.handle(DeviceReport.Path(reachable: network != nil, network: network))
        }
        #expect(seen == [false, false, true, false, true, false])
    }

    @Test("what is not known is no move")
    func unknown() {
        var moves = Moves()
        #expect(!moves.handle(.init(kind: .wifi)) && !moves.handle(.init(network: "wifi")))
    }
}

extension OverSockets {
    @MainActor @Suite(.timeLimit(.minutes(1)))
    struct MoveTests {
        /// Who was dialled dials again: the viewer gets another connection, and stays.
        @Test("the core is told that the phone has moved, and who watches goes on")
        func broadcaster() async throws {
            let folder = try Folder()
            let phone = Phone(try Film.make(folder.file("film.mp4"), seconds: 20))
            let app = phone.start()
            phone.reports.say { $0.path.network = "one" }
            await until { app.device.path.network == "one" }
            app.broadcast.send(.open)
            app.broadcast.send(.goLive)
            await until { app.broadcast.machine.isLive }
            let link = try #require(app.broadcast.link)
            let watch = ["watch", link, "--output", folder.file("copy.mp4")]
            let viewer = try Desktop(folder, watch, explains: true)
            await until { app.broadcast.live.viewers == "1 watching" }
            phone.reports.say { $0.path.network = "another" }
            try await viewer.says("another connection")
            try await viewer.peers(1)
            #expect(app.broadcast.live.viewers == "1 watching")
            app.broadcast.send(.end)
        }
    }
}
