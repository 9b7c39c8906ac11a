import Filmed
import Foundation
import ManyhandsCore
import Testing

@testable import ManyhandsKit

/// What is over the real library and real sockets, and looks at clocks: one after the other.
@Suite(.serialized) struct OverSockets {}

/// A broadcast and its viewers in this kit.
@MainActor
struct Stage {
    let folder = try! Folder()

    /// In the preview; what it films is a film of this length.
    func broadcast(seconds: Int) throws -> (BroadcastModel, FilmCamera) {
        let camera = FilmCamera(try Film.make(folder.file("film.mp4"), seconds: seconds))
        let model = BroadcastModel(camera, OwnChannel(Box()), Words(["en"]), listen: loopback, dht: false)
        model.send(.device(DeviceReport(unreachable: false)))
        model.send(.open)
        return (model, camera)
    }

    /// Live, with its link.
    func live(seconds: Int) async throws -> (BroadcastModel, String) {
        let (model, _) = try broadcast(seconds: seconds)
        model.send(.goLive)
        await until { model.machine.isLive }
        return (model, try #require(model.link))
    }

    func watch(_ link: String, _ wall: Wall = Wall(), agreed: Bool = false) -> WatchModel {
        var choice = LendingChoice()
        choice.agreed = agreed
        let place = WatchModel.Place(
            ledger: folder.file("ledger"), listen: loopback, dht: false, nearby: Neighbourhood())
        return WatchModel(
            link, wall, Words(["en"]), place: place, choice: choice,
            device: DeviceReport(unreachable: false))
    }
}
