// Stands in for Core Foundation: signatures as in Apple's documentation, and nothing behind them.
@_exported import Foundation

public typealias OSStatus = Int32
public typealias CFTypeRef = AnyObject

public final class CFAllocator: @unchecked Sendable {}
// What is bridged without a word on Apple's systems is one type here.
public typealias CFString = NSString
public typealias CFDictionary = NSDictionary
public typealias CFArray = NSArray

public let noErr: OSStatus = 0

public func stub<Value>(_ what: String = #function) -> Value { fatalError("nothing is behind \(what)") }
