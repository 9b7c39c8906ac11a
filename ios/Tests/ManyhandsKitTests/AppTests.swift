import Filmed
import Foundation
import ManyhandsCore
import Testing

@testable import ManyhandsKit

/// The whole app over the real library, without a screen: what is up after what was tapped.
@MainActor
@Suite(.timeLimit(.minutes(1)))
struct AppTests {
    let phone = Phone()

    private func agreed() -> AppModel {
        let app = phone.start()
        app.agree()
        phone.reports.say()
        return app
    }

    /// An app that may do all it asks for, in the preview.
    private func previewing() async -> AppModel {
        phone.permissions.set(.camera, .granted)
        phone.permissions.set(.microphone, .granted)
        let app = agreed()
        await until { app.device.path.kind == .wifi }
        app.goLive()
        await until { app.place.screen == .preview }
        return app
    }

    private func goesLive(_ app: AppModel) async {
        app.broadcast.send(.goLive)
        await until { app.place.screen == .live }
    }

    @Test("B1: the first page shows once, and leads to Home")
    func b1() {
        let first = phone.start()
        #expect(first.place.screen == .firstRun)
        first.agree()
        #expect(first.place.screen == .home)
        #expect(phone.start().place.screen == .home)
    }

    @Test("B2: a link opens its picture first, and nothing is asked before")
    func b2() throws {
        let live = try Broadcasting(soundOnly())
        let app = phone.start()
        app.open("manyhands:\(live.link)")
        #expect(app.place.screen == .watch)
        #expect(app.watch?.screen.state?.kind == "joining")
        #expect(phone.permissions.asked == 0)
        #expect(app.watch?.lending.asks == true, "the card is beside the picture")
        live.close()
    }

    @Test("B3: without permission the primer comes first, then the system's questions, then the preview")
    func b3() async {
        let app = agreed()
        app.goLive()
        await until { app.place.screen == .primer }
        #expect(app.primer?.notice.actions == [.proceed])
        #expect(phone.permissions.asked == 0)
        await app.primer?.proceed()
        #expect(phone.permissions.asked == 2)
        #expect(app.place.screen == .preview)
        await until { app.broadcast.machine.camera == .running }
    }

    @Test("B4: a refused camera has its words and two ways on, and Settings leads to the preview by itself")
    func b4() async {
        phone.permissions.set(.camera, .refused)
        let app = agreed()
        app.goLive()
        await until { app.place.screen == .primer }
        #expect(app.primer?.notice.title == "Camera is not allowed")
        #expect(app.primer?.notice.actions == [.openSettings, .soundOnly])
        app.inFront(false)
        phone.permissions.set(.camera, .granted)
        phone.permissions.set(.microphone, .granted)
        app.inFront(true)
        await until { app.place.screen == .preview }
        #expect(app.broadcast.machine.wishes.camera)
    }

    @Test("B4: Sound only goes on without the camera")
    func b4SoundOnly() async {
        phone.permissions.set(.camera, .refused)
        phone.permissions.set(.microphone, .granted)
        let app = agreed()
        app.goLive()
        await until { app.place.screen == .primer }
        await app.primer?.goOnWithout()
        #expect(app.place.screen == .preview)
        #expect(app.broadcast.machine.onAir == .cameraOff)
    }

    @Test("B11: Stop now and erase leaves no link, no title and no choice behind")
    func b11() async throws {
        let app = await previewing()
        app.typed(title: "The match")
        app.pauseWhenLeft(true)
        app.lend(true)
        await goesLive(app)
        let before = try inspectLink(text: #require(app.invite).link).channel
        app.stopAndErase()
        #expect(app.place == Place() && app.settings == Settings() && app.invite != nil)
        #expect(app.broadcast.link == nil && app.broadcast.title != "The match")
        #expect(!app.broadcast.preview.pausesWhenLeft)
        #expect(try inspectLink(text: #require(app.invite).link).channel != before)
        let next = phone.start()
        #expect(next.place.screen == .firstRun && next.settings == Settings() && next.place.title == nil)
    }

    @Test("B21: whether sound goes on when the app is left is chosen in the preview, and kept")
    func b21() async {
        let app = await previewing()
        #expect(!app.broadcast.preview.pausesWhenLeft)
        app.pauseWhenLeft(true)
        #expect(app.broadcast.preview.pausesWhenLeft && phone.start().broadcast.preview.pausesWhenLeft)
        await goesLive(app)
        app.inFront(false)
        #expect(app.broadcast.machine.onAir == .nothing)
        app.inFront(true)
        #expect(app.broadcast.machine.onAir == .everything)
        app.pauseWhenLeft(false)
        app.inFront(false)
        #expect(app.broadcast.machine.onAir == .picturePaused)
        app.broadcast.send(.end)
        #expect(!phone.start().broadcast.preview.pausesWhenLeft)
    }

    @Test("B24: what is shared holds exactly one whole link, and says how to use it without a web address")
    func b24() throws {
        let live = try Broadcasting(soundOnly())
        let words = Words(["en"])
        for (host, beginning) in [(nil, "manyhands:"), ("live.example", "https://live.example/#")] {
            let invite = try #require(InviteScreen("manyhands:\(live.link)", host: host, words))
            #expect(invite.link == beginning + live.link)
            #expect(invite.shareText.components(separatedBy: live.link).count == 2)
            #expect(try inspectLink(text: invite.link) == inspectLink(text: live.link))
            #expect((invite.advice == nil) == (host != nil))
            #expect(invite.code.side > 20 && invite.code.black.count < invite.code.side * invite.code.side)
        }
        live.close()
    }

    @Test func myLinkIsThereBeforeTheFirstBroadcastAndLeadsToTheSameChannel() async throws {
        let app = await previewing()
        let before = try inspectLink(text: #require(app.invite).link)
        await goesLive(app)
        let live = try inspectLink(text: #require(app.invite).link)
        #expect(before.channel == live.channel && before.hints.isEmpty && !live.hints.isEmpty)
        app.broadcast.send(.end)
    }

    @Test func whatWasGivenIsOnHomeWithoutAnybodyWatching() async throws {
        let folder = try Folder()
        let app = phone.start(ledger: folder.file("ledger"))
        app.agree()
        await until { app.homeScreen.handText.hasSuffix("0 MB today") }
    }

    @Test func aDamagedLinkHasItsWordsAndContactsNobody() throws {
        let live = try Broadcasting(soundOnly())
        let app = agreed()
        app.open(String(live.link.dropLast(4)))
        #expect(app.place.screen == .openLink && app.watch == nil)
        #expect(app.openLink.notice?.title == "This link is not complete")
        #expect(!app.openLink.scanned("https://example.org/menu") && app.openLink.text.count > 10)
        #expect(app.openLink.scanned(live.link) && app.openLink.canWatch)
        live.close()
    }

    @Test("B41: after the process is gone the same screen, text and sheet are back")
    func b41() async throws {
        let first = agreed()
        first.openALink()
        first.typed(link: "half a li")
        let second = phone.start()
        #expect(second.place.screen == .openLink && second.openLink.text == "half a li")

        phone.permissions.set(.camera, .granted)
        phone.permissions.set(.microphone, .granted)
        second.goLive()
        await until { second.place.screen == .preview }
        second.typed(title: "The match")
        let third = phone.start()
        #expect(third.place.screen == .preview && third.broadcast.title == "The match")
        #expect(third.broadcast.machine.phase == .preview)

        let live = try Broadcasting(soundOnly())
        third.home()
        third.open(live.link)
        third.show(.lending)
        let fourth = phone.start()
        #expect(fourth.place.screen == .watch && fourth.place.sheet == .lending)
        #expect(fourth.watch?.link == live.link)
        live.close()
    }

    @Test func aBroadcastThatWasCutOffIsToldOnHomeAndDoesNotStartAgain() async {
        let app = await previewing()
        await goesLive(app)
        let link = app.broadcast.link
        let next = phone.start()
        #expect(next.place.screen == .home && next.homeScreen.live == nil)
        #expect(next.homeScreen.interrupted?.actions == [.goLiveAgain, .dismiss])
        next.dismissCutOff()
        #expect(next.homeScreen.interrupted == nil && phone.start().homeScreen.interrupted == nil)
        #expect(link != nil)
        app.broadcast.send(.end)
    }

    private func soundOnly() -> GoLive {
        let none = Track(ticks: 48_000, configuration: Data(), units: [])
        var options = Film(picture: none, sound: none).goLive()
        options.video = nil
        return options
    }
}
