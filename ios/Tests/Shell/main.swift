import Filmed
import Foundation
import ManyhandsCore
import ManyhandsKit

// The kit at one end of a stream, for a test that has another shell at the other:
// `shell watch LINK FILM` and `shell broadcast FILM`; on Linux also `shell push`, `pull` and `feed`, which
// go on for long, and `shell play` and `shell follow LINK`, which do so with another shell. What went wrong
// is on standard error.

/// A line that the other end reads at once.
func say(_ line: String) {
    FileHandle.standardOutput.write(Data("\(line)\n".utf8))
}

/// Says when it has reached somebody, and at the end that it was the film.
func watch(_ link: String, _ film: Film) async throws {
    let watching = try Watching(join(link))
    let came = Task { try await Came(watching) }
    for try await event in watching.events {
        if case .joined = event { break }
    }
    say("joined")
    try film.compare(try await came.value)
    say("identical")
}

/// Says the link, and plays when it is told to.
func broadcast(_ film: Film) async throws {
    let broadcasting = try Broadcasting(film.goLive())
    say("link \(broadcasting.link)")
    guard readLine() == "play" else { throw Failed(what: "it was not told to play") }
    try await film.play(to: broadcasting)
    _ = await broadcasting.finish()
}

/// Ends this program with the one that has started it, however that ends.
func endWithParent() {
    let parent = getppid()
    Thread.detachNewThread {
        while getppid() == parent { Thread.sleep(forTimeInterval: 0.5) }
        exit(1)
    }
}

endWithParent()
let words = CommandLine.arguments.dropFirst()
do {
    switch (words.first, words.count) {
    case ("watch", 3): try await watch(words[2], Film.read(words[3]))
    case ("broadcast", 2): try await broadcast(Film.read(words[2]))
    #if os(Linux)
        case ("push", 1): try await Soak().push()
        case ("pull", 1): try await Soak().pull()
        case ("feed", 1): try await Soak().feed()
        case ("play", 1): try await Soak().play()
        case ("follow", 2): try await Soak().follow(words[2])
    #endif
    default: throw Failed(what: "shell watch LINK FILM, or shell broadcast FILM")
    }
} catch {
    FileHandle.standardError.write(Data("\(error)\n".utf8))
    exit(1)
}
