import Testing

@testable import ManyhandsKit

/// What goes to the layer that decodes and shows, when it can't.
@Suite struct PictureGateTests {
    private typealias Verdict = PictureGate.Verdict

    @Test("a surface that is lost: pictures are let go, and with it back they go on at a keyframe")
    func lost() {
        var gate = PictureGate()
        #expect(gate.handle(keyframe: false, layer: .works) == Verdict(), "nothing begins without one")
        #expect(gate.handle(keyframe: true, layer: .works) == Verdict(show: true))
        #expect(gate.handle(keyframe: false, layer: .works) == Verdict(show: true))
        #expect(gate.handle(keyframe: false, layer: .lost) == Verdict())
        #expect(gate.waitsForKeyframe)
        #expect(gate.handle(keyframe: false, layer: .works) == Verdict(), "it is back, and knows nothing")
        #expect(gate.handle(keyframe: true, layer: .works) == Verdict(show: true))
        #expect(gate.handle(keyframe: false, layer: .works) == Verdict(show: true))
    }

    @Test("the layer is made to forget only for a keyframe, and a lost surface is no failure")
    func flushed() {
        var gate = PictureGate()
        _ = gate.handle(keyframe: true, layer: .works)
        #expect(gate.handle(keyframe: false, layer: .lost) == Verdict())
        #expect(gate.handle(keyframe: true, layer: .lost) == Verdict(flush: true, show: true))
        #expect(gate.handle(keyframe: false, layer: .works) == Verdict(show: true))
    }

    @Test("each try that fails is told once, and one that works ends it")
    func failed() {
        var gate = PictureGate()
        _ = gate.handle(keyframe: true, layer: .works)
        #expect(gate.handle(keyframe: false, layer: .failed) == Verdict(event: .decoderFailed))
        #expect(gate.handle(keyframe: false, layer: .failed) == Verdict())
        #expect(gate.handle(keyframe: true, layer: .failed) == Verdict(flush: true, show: true))
        #expect(gate.handle(keyframe: false, layer: .failed) == Verdict(event: .decoderFailed))
        #expect(gate.handle(keyframe: true, layer: .failed) == Verdict(flush: true, show: true))
        #expect(gate.handle(keyframe: false, layer: .works) == Verdict(show: true, event: .recovered))
        #expect(gate.handle(keyframe: false, layer: .works) == Verdict(show: true))
    }

    @Test("played again it begins with a keyframe")
    func forgotten() {
        var gate = PictureGate()
        _ = gate.handle(keyframe: true, layer: .works)
        gate.forget()
        #expect(gate.handle(keyframe: false, layer: .works) == Verdict())
    }
}
