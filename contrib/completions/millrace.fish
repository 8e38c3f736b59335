# Completion of millrace's commands for fish; the program says itself what may stand next.
function __millrace_offered
	set -l typed (commandline -ct)
	for line in (command millrace complete -- (commandline -opc)[2..-1] "$typed" 2>/dev/null)
		if test "$line" = :files
			__fish_complete_path "$typed"
		else
			echo $line
		end
	end
end
complete -c millrace -f -a '(__millrace_offered)'
