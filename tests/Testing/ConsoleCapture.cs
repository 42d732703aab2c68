using System.Text;

namespace Fettle.Testing;

/// <summary>
/// What one test's code writes to the console, apart from what other tests write at the same time: the console's writers are replaced once
/// by ones that look for the capture of the present asynchronous context, which tasks and threads started within it inherit.
/// </summary>
public sealed class ConsoleCapture : IDisposable
{
    static readonly AsyncLocal<ConsoleCapture?> Current = new();
    static readonly Lock Installing = new();
    static bool _installed;

    readonly StringWriter _output = new();
    readonly StringWriter _errors = new();
    readonly TextWriter _out;
    readonly TextWriter _error;

    ConsoleCapture()
    {
        (_out, _error) = (TextWriter.Synchronized(_output), TextWriter.Synchronized(_errors));
        Current.Value = this;
    }

    /// <summary>What was written to standard output until now.</summary>
    public string Output => Text(_out, _output);

    /// <summary>What was written to standard error until now.</summary>
    public string Error => Text(_error, _errors);

    /// <summary>Begins to capture; dispose to end.</summary>
    public static ConsoleCapture Start()
    {
        lock (Installing)
        {
            if (!_installed)
            {
                Console.SetOut(new Router(Console.Out, c => c._out));
                Console.SetError(new Router(Console.Error, c => c._error));
                _installed = true;
            }
        }

        return new ConsoleCapture();
    }

    public void Dispose() => Current.Value = null;

    static string Text(TextWriter synchronized, StringWriter inner)
    {
        // The synchronized writer locks itself.
        lock (synchronized)
        {
            return inner.ToString();
        }
    }

    sealed class Router(TextWriter real, Func<ConsoleCapture, TextWriter> of) : TextWriter
    {
        public override Encoding Encoding => real.Encoding;

        TextWriter Writer => Current.Value is { } capture ? of(capture) : real;

        public override void Write(char value) => Writer.Write(value);

        public override void Write(string? value) => Writer.Write(value);

        public override void Write(char[] buffer, int index, int count) => Writer.Write(buffer, index, count);

        public override void Flush() => Writer.Flush();
    }
}
