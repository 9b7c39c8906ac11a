import ManyhandsKit
import SwiftUI

/// The camera's picture, in the preview and live: two fingers bring it nearer, a tap makes it sharp there.
/// Every gesture has a button.
struct FilmedPicture: View {
    @Environment(AppModel.self) private var app
    @State private var ring: Ring?
    @State private var magnified = 1.0
    let capture: CameraCapture

    /// Where it was tapped.
    private struct Ring: Equatable {
        let at: CGPoint
        let number: Int
    }

    private static let shown = Duration.seconds(1)
    private static let size: CGFloat = 64

    var body: some View {
        GeometryReader { shape in
            ZStack {
                CameraPicture(capture: capture)
                if let ring {
                    Circle().stroke(Color.white, lineWidth: 2)
                        .frame(width: Self.size, height: Self.size)
                        .position(ring.at)
                        .accessibilityHidden(true)
                }
            }
            .gesture(SpatialTapGesture().onEnded { focus($0.location, shape.size) })
            .simultaneousGesture(
                MagnifyGesture().onChanged { zoom($0.magnification) }.onEnded { _ in magnified = 1 })
        }
        .ignoresSafeArea()
        .task(id: ring) {
            guard ring != nil, (try? await Task.sleep(for: Self.shown)) != nil else { return }
            ring = nil
        }
    }

    private func focus(_ point: CGPoint, _ size: CGSize) {
        let machine = app.broadcast.machine
        let spot = Spot(
            at: (point.x, point.y), in: (size.width, size.height), upright: machine.heldUpright,
            mirrored: machine.wishes.front)
        guard let spot else { return }
        app.broadcast.send(.focus(spot))
        ring = Ring(at: point, number: (ring?.number ?? 0) + 1)
    }

    /// The gesture tells how much since it began.
    private func zoom(_ magnification: CGFloat) {
        app.broadcast.send(.zoom(by: Double(magnification) / magnified))
        magnified = Double(magnification)
    }
}
