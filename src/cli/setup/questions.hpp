// Setup's questions to a person.
#pragma once

#include <string>

#include "cli/dialogue.hpp"
#include "operations/answers/answer_sheet.hpp"

namespace mailinabox {

// Asks for what is neither given nor stored, and for what is wrong, and puts it on the sheet; `offer` also asks about
// what a box is as good without. Whether anything was asked. Throws Error if the person leaves.
bool ask_answers(Dialogue& dialogue, AnswerSheet& sheet, bool offer = true);

// What will be set up: one line for each answer.
std::string describe(const CompleteAnswers& complete);

}  // namespace mailinabox
