using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Fettle.Databases;

/// <summary>Every argument error of the library, so that each reads the same: name, value, allowed range.</summary>
internal static class Throw
{
    public static T IfOutside<T>(T value, T low, T high, [CallerMemberName] string name = "")
        where T : IComparable<T>
    {
        if (value.CompareTo(low) < 0 || value.CompareTo(high) > 0)
        {
            OutOfRange(name, value, low, high);
        }

        return value;
    }

    [DoesNotReturn]
    static void OutOfRange(string name, object value, object low, object high) =>
        throw new ArgumentOutOfRangeException(name, value, $"{name} is {value}; it must lie between {low} and {high}");

    [DoesNotReturn]
    public static void WriteOnReadLease(string sql) =>
        throw new InvalidOperationException($"this connection was leased for reading; lease one with OpenWriteAsync to run: {Shorten(sql)}");

    [DoesNotReturn]
    public static void Returned() =>
        throw new ObjectDisposedException(nameof(System.Data.Common.DbConnection), "the connection was returned to its pool; lease a new one with OpenReadAsync or OpenWriteAsync");

    public static string Shorten(string sql) => sql.Length <= 120 ? sql : sql[..117] + "...";
}
