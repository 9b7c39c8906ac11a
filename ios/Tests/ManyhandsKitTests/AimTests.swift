import Testing

@testable import ManyhandsKit

/// Zoom and focus, in the preview and live.
@Suite struct AimTests {
    private func spot(
        _ x: Double, _ y: Double, in size: (Double, Double) = (90, 160), upright: Bool = true,
        mirrored: Bool = false
    ) -> [Double]? {
        Spot(at: (x, y), in: size, upright: upright, mirrored: mirrored).map { [$0.x, $0.y] }
    }

    @Test("a tapped place is one of the sensor, however the phone is held; beside the picture there is none")
    func spots() {
        #expect(spot(45, 80) == [0.5, 0.5])
        // Top left of an upright picture is bottom left of a sensor that lies.
        #expect(spot(0, 0) == [0, 1])
        #expect(spot(90, 0) == [0, 0])
        #expect(spot(90, 0, mirrored: true) == [0, 1])
        #expect(spot(0, 0, in: (160, 90), upright: false) == [0, 0])
        // Twenty points of a taller view are bars, above and below.
        #expect(spot(0, 19, in: (90, 200)) == nil && spot(0, 20, in: (90, 200)) == [0, 1])
        #expect(spot(0, 0, in: (0, 0)) == nil)
    }

    @Test("it is brought nearer as far as the camera can, and the other camera begins as new")
    func zoom() {
        var machine = BroadcastMachine()
        func send(_ input: BroadcastMachine.Input) { _ = machine.handle(input, at: .now) }
        send(.open)
        send(.zoom(by: 2))
        #expect(machine.orders.zoom == 1, "this camera can't")
        send(.film(.zooms(most: 3)))
        send(.zoom(by: 2))
        #expect(machine.orders.zoom == 2)
        send(.zoom(by: 2))
        #expect(machine.orders.zoom == 3)
        send(.zoom(by: 0.1))
        #expect(machine.orders.zoom == 1)
        send(.zoom(by: 2))
        send(.front(true))
        #expect(machine.orders.zoom == 1)
    }

    @Test("each tap is an order, also twice on one place")
    func focus() throws {
        var machine = BroadcastMachine()
        _ = machine.handle(.open, at: .now)
        #expect(machine.orders.sharp == nil)
        let place = try #require(Spot(at: (0, 0), in: (90, 160), upright: true, mirrored: false))
        _ = machine.handle(.focus(place), at: .now)
        let first = try #require(machine.orders.sharp)
        _ = machine.handle(.focus(place), at: .now)
        #expect(machine.orders.sharp != first && machine.orders.sharp?.spot == place)
    }
}
