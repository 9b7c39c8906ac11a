import ManyhandsKit
import SwiftUI

/// The code of a link: black on white, also in the dark, with the white rim that readers need.
struct CodePicture: View {
    let code: InviteScreen.Code

    static let rim = 4

    var body: some View {
        Canvas { context, size in
            let square = size.width / CGFloat(code.side + 2 * Self.rim)
            context.fill(Path(CGRect(origin: .zero, size: size)), with: .color(.white))
            var squares = Path()
            for place in code.black {
                let (row, column) = place.quotientAndRemainder(dividingBy: code.side)
                squares.addRect(
                    CGRect(
                        x: CGFloat(column + Self.rim) * square, y: CGFloat(row + Self.rim) * square,
                        width: square, height: square))
            }
            context.fill(squares, with: .color(.black))
        }
    }
}
